"""An institution's client of the coupon platform's shape, and the receiver of its notices."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from yongquan.institutions.coupon_apps import CouponApp, sealed_field, signed_text, token_signature


@dataclass(frozen=True, slots=True)
class CouponClient:
    """Signs and seals as clients of the shape do."""

    address: str
    app: CouponApp
    key: RSAPrivateKey

    def post(self, name: str, fields: dict[str, str]) -> dict[str, Any]:
        url = f"{self.address}/open/access/1.0/{name}"
        answer: dict[str, Any] = httpx.post(url, json=fields, trust_env=False, timeout=30).json()
        return answer

    def stamped(self, **fields: str) -> dict[str, str]:
        stamp = {"appId": self.app.app_id, "nonceStr": uuid4().hex[:16], "timestamp": str(int(time.time()))}
        return stamp | fields

    def token(self) -> dict[str, Any]:
        fields = self.stamped()
        return self.post("backendToken", fields | {"signature": token_signature(fields, self.app.secret)})

    def signed(self, name: str, **fields: str) -> dict[str, Any]:
        """Sign, then seal what is sealed."""
        ready = self.stamped(**fields)
        signature = self.key.sign(signed_text(ready).encode(), PKCS1v15(), SHA256())
        sealed = {k: sealed_field(self.app, v) if k in {"mobile", "cardNo"} else v for k, v in ready.items()}
        return self.post(name, sealed | {"signature": base64.b64encode(signature).decode()})

    def download(self, coupon_id: str, seq: str, **fields: str) -> dict[str, Any]:
        wanted = {"couponId": coupon_id, "couponNum": "1", "transSeqId": seq, "transTs": "20220215"} | fields
        return self.signed("coupon.download", **wanted)


@dataclass(slots=True)
class Receiver:
    """What an institution's notice address got; it refuses the first `refuses` of them with a code of its own."""

    url: str = ""
    refuses: int = 0
    got: list[dict[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def notices(self, *, voucher: str, atleast: int, within_s: float = 40) -> list[dict[str, str]]:
        """The notices of one voucher, each once, when there are so many."""
        deadline = time.monotonic() + within_s
        while True:
            mine = {n["notifyId"]: n for n in self.got if n["couponCd"] == voucher}
            if len(mine) >= atleast or time.monotonic() > deadline:
                return list(mine.values())
            time.sleep(0.1)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.got.append(body)
            receiver.refuses -= 1
            answer = b'{"code":"99"}' if receiver.refuses >= 0 else b'{"code":"00"}'
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class says so
            receiver.log.append(format % args)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/notices"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
