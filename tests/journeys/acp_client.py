"""A merchant's own small ACP client, written from the wire format and not from our code."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
from bank_app import command
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SM3, Hash
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

CARD, OTHER_CARD = "6216261000000000018", "6221558812340000"
PHONE = "13552535506"
_numbers = count(1)


def text_of(fields: dict[str, str]) -> str:
    return "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k != "signature")


def keyed(fields: dict[str, str], key: str = "") -> str:
    def hashed(text: str) -> str:
        if fields["signMethod"] == "11":
            return hashlib.sha256(text.encode()).hexdigest()
        sm3 = Hash(SM3())
        sm3.update(text.encode())
        return sm3.finalize().hex()

    return hashed(f"{text_of(fields)}&{hashed(key)}")


def parse(body: str) -> dict[str, str]:
    """As existing clients do: braces and brackets nest, `&` ends a field outside them, the first `=` its name."""
    fields, depth, start = {}, 0, 0
    for at, letter in enumerate(body + "&"):
        depth += (letter in "{[") - (letter in "}]")
        if letter == "&" and depth == 0:
            name, _, value = body[start:at].partition("=")
            fields[name] = value
            start = at + 1
    assert depth == 0
    return fields


@dataclass(frozen=True)
class AcpClient:
    """One merchant."""

    address: str
    mer_id: str
    key: RSAPrivateKey
    serial: str
    certificates: dict[str, x509.Certificate]

    def fields(self, kind: str, biz_type: str, **more: str) -> dict[str, str]:
        """A request of txnType/txnSubType `kind`, with fresh numbers, unsigned; a None-like "" takes a field away."""
        txn_type, sub_type = kind.split("/")
        base = {
            "version": "5.1.0",
            "encoding": "UTF-8",
            "signMethod": "01",
            "txnType": txn_type,
            "txnSubType": sub_type,
            "bizType": biz_type,
            "channelType": "07",
            "accessType": "0",
            "merId": self.mer_id,
            "orderId": f"test{time.time_ns() // 1000}{next(_numbers):04d}",
            "txnTime": f"{datetime.now(UTC) + timedelta(hours=8):%Y%m%d%H%M%S}",
        }
        return {k: v for k, v in {**base, **more}.items() if v}

    def signed(self, fields: dict[str, str]) -> dict[str, str]:
        """Signed with the method the fields name."""
        if fields["signMethod"] in {"11", "12"}:
            return {**fields, "signature": keyed(fields)}
        whole = {"certId": self.serial, **fields}
        old = fields["version"] == "5.0.0"
        text = text_of(whole).encode()
        hashed = (hashlib.sha1(text) if old else hashlib.sha256(text)).hexdigest()
        signature = self.key.sign(hashed.encode(), PKCS1v15(), SHA1() if old else SHA256())
        return {**whole, "signature": base64.b64encode(signature).decode()}

    def post(self, endpoint: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as it is."""
        url = endpoint if endpoint.startswith("http") else f"{self.address}{endpoint}"
        return httpx.post(url, data=fields, headers=headers, trust_env=False, timeout=30)

    def ask(self, endpoint: str, kind: str, biz_type: str, **more: str) -> dict[str, str]:
        """A signed exchange; the answer's form and signature are checked."""
        return self.exchange(endpoint, self.fields(kind, biz_type, **more))

    def exchange(self, endpoint: str, fields: dict[str, str]) -> dict[str, str]:
        where = endpoint if "/" in endpoint else f"/gateway/api/{endpoint}.do"
        return self.read(self.post(where, self.signed(fields)))

    def read(self, answer: httpx.Response) -> dict[str, str]:
        """The fields of an answer that holds."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html;charset=UTF-8"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert "transfer-encoding" not in answer.headers
        fields = parse(answer.content.decode())
        self.verify(fields)
        return fields

    def verify(self, fields: dict[str, str]) -> None:
        """Raises if a signature of the gateway's does not hold."""
        if fields["signMethod"] in {"11", "12"}:
            assert fields["signature"] == keyed(fields)
            return
        old = fields.get("version") == "5.0.0"
        if old:
            certificate = self.certificates["sign"]
            assert fields["certId"] == str(certificate.serial_number)
        else:
            assert "\r\n" in fields["signPubKeyCert"]
            certificate = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode())
            self.require_chain(certificate)
        text = text_of(fields).encode()
        hashed = (hashlib.sha1(text) if old else hashlib.sha256(text)).hexdigest()
        public = certificate.public_key()
        assert isinstance(public, RSAPublicKey)
        public.verify(base64.b64decode(fields["signature"]), hashed.encode(), PKCS1v15(), SHA1() if old else SHA256())

    def require_chain(self, certificate: x509.Certificate) -> None:
        certificate.verify_directly_issued_by(self.certificates["middle"])
        self.certificates["middle"].verify_directly_issued_by(self.certificates["root"])
        name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        assert str(name).split("@")[2] == "00040000:SIGN"
        assert certificate.serial_number < 2**53

    def encrypted(self, text: str) -> str:
        """As `accNo` is encrypted."""
        public = self.certificates["encrypt"].public_key()
        assert isinstance(public, RSAPublicKey)
        return base64.b64encode(public.encrypt(text.encode(), PKCS1v15())).decode()

    def card(self, pan: str = CARD) -> dict[str, str]:
        """Fields that name a card, encrypted."""
        return {"accNo": self.encrypted(pan), "encryptCertId": str(self.certificates["encrypt"].serial_number)}

    def customer(self, sms_code: str = "111111", **more: str) -> str:
        """`customerInfo` of ACP's published test holder."""
        secret = self.encrypted(f"phoneNo={PHONE}&cvn2=248&expired=1912")
        said = {"certifTp": "01", "certifId": "341126197709218366", "customerNm": "全渠道", **more}
        if sms_code:
            said["smsCode"] = sms_code
        inner = "&".join(f"{k}={v}" for k, v in {**said, "encryptedInfo": secret}.items())
        return base64.b64encode(f"{{{inner}}}".encode()).decode()

    def told(self, heard: "Listener", order_id: str, *, txn_type: str = "01", within_s: float = 20) -> dict[str, str]:
        """The notification about an order, its signature checked."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for form in list(heard.forms):
                if form.get("orderId") == order_id and form.get("txnType") == txn_type:
                    self.verify(form)
                    return form
            time.sleep(0.1)
        raise AssertionError(f"{order_id} ({txn_type}) was not told")


@dataclass
class Listener:
    """A merchant's server that hears notifications."""

    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # statuses of the next answers; then 200


@contextmanager
def listening() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            heard.forms.append(dict(parse_qsl(body, keep_blank_values=True)))
            self.send_response(heard.answers.pop(0) if heard.answers else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    heard.url = f"http://127.0.0.1:{server.server_address[1]}/acp"
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


def admitted(address: str, data_dir: str, folder: Path, mer_id: str) -> AcpClient:
    """A merchant with a fresh certificate, registered by command."""
    key = generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"041@{mer_id}@00011:MERCHANT")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(69_903_319_369 + int(mer_id[-4:]))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, SHA256())
    )
    (folder / "merchant.cer").write_bytes(certificate.public_bytes(Encoding.PEM))
    command(data_dir, "gateway", "merchant", "add", "--mer-id", mer_id, "--cert", str(folder / "merchant.cer"))
    command(data_dir, "gateway", "certs", str(folder))
    certificates = {
        one: x509.load_pem_x509_certificate((folder / f"{one}.cer").read_bytes())
        for one in ("root", "middle", "sign", "encrypt")
    }
    return AcpClient(address, mer_id, key, str(certificate.serial_number), certificates)


def money(heard: Listener, fen: int) -> dict[str, str]:
    return {"txnAmt": str(fen), "currencyCode": "156", "backUrl": heard.url}


def asked(acp: AcpClient, order: dict[str, str]) -> dict[str, str]:
    return acp.ask("queryTrans", "00/00", "000000", orderId=order["orderId"], txnTime=order["txnTime"])
