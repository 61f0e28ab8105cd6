"""A merchant's own v3 client, whose host and keys alone were changed, and the server that hears its callbacks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bank_app import command
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from wechatpayv3 import WeChatPay, WeChatPayType

API_KEY = "0123456789abcdefghijklmnopqrstuv"


def v3_client(folder: Path, *, address: str, data_dir: str, mchid: str, options: tuple[str, ...] = ()) -> WeChatPay:
    """Register a merchant by command and return its client; `options` are more of the command's own."""
    key = generate_private_key(65537, 2048)
    (folder / "pub.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "api.key").write_text(API_KEY + "\n")
    who = ("--mchid", mchid, "--appid", "wx1", "--serial-no", "ABC123", "--public-key", str(folder / "pub.pem"))
    command(data_dir, "gateway", "merchant", "add", *who, "--api-key", str(folder / "api.key"), *options)
    command(data_dir, "gateway", "certs", str(folder))
    certificate = x509.load_pem_x509_certificate((folder / "sign.cer").read_bytes())
    made = WeChatPay(
        WeChatPayType.MINIPROG,
        mchid=mchid,
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        cert_serial_no="ABC123",
        appid="wx1",
        apiv3_key=API_KEY,
        public_key=certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        public_key_id=f"{certificate.serial_number:X}",
    )
    made._core._gate_way = address
    return made


@dataclass
class Heard:
    """What came to a merchant's notify_url; `statuses` are answered in turn, the last one for good."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    lines: list[tuple[object, ...]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int, *, timeout_s: float) -> list[tuple[dict[str, str], bytes]]:
        """The calls, once there are so many. Raises `TimeoutError`."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.calls) >= count, timeout_s):
                raise TimeoutError(f"{len(self.calls)} calls came, not {count}")
            return list(self.calls)


@contextmanager
def receiver() -> Iterator[Heard]:
    """A merchant's server on a free port."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with heard.news:
                status = heard.statuses.pop(0) if len(heard.statuses) > 1 else heard.statuses[0]
                heard.calls.append((dict(self.headers.items()), body))
                heard.news.notify_all()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *line: object) -> None:
            heard.lines.append(line)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_address[1]}/notify"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


def said(answer: tuple[int, str | bytes], status: int = 200) -> dict[str, Any]:
    """The document of an answer that has this status."""
    assert answer[0] == status, answer
    document: dict[str, Any] = json.loads(answer[1])
    return document
