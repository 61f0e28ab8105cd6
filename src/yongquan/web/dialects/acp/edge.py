"""The edge of every ACP call: who signed it, what it asks, and the raw signed answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from yongquan.flows.trade_by_acp import AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.secrets import shared_secret
from yongquan.institutions.acp.signing import RSA, Signer, holds
from yongquan.institutions.acp.values import may_be_echoed
from yongquan.institutions.gateway import ACP, GatewayMerchant, merchant_of
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.web.dialects.acp.fields import require_fields, require_shapes

BODY_MAX = 32 * 2**20
MEDIA_TYPE = "text/html;charset=UTF-8"
SAID_AGAIN = (
    *("version", "encoding", "signMethod", "txnType", "txnSubType", "bizType", "accessType", "merId", "orderId"),
    *("txnTime", "txnAmt", "currencyCode", "reqReserved", "reserved", "settleDate", "batchNo", "totalQty", "totalAmt"),
)


@dataclass(frozen=True, slots=True)
class Edge:
    """Checks requests and signs answers."""

    database: Database
    sealing: Sealing
    signer: Signer
    is_sandboxed: bool

    async def read(self, request: Request) -> dict[str, str]:
        """The fields of a form as they were meant, nothing trimmed. Raises `AcpRefused` 10."""
        body = bytearray()
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > BODY_MAX:
                    raise AcpRefused(codes.FORMAT)
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
        except (UnicodeDecodeError, ValueError, ClientDisconnect) as error:
            raise AcpRefused(codes.FORMAT) from error
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise AcpRefused(codes.FORMAT)
        return fields

    async def check(self, fields: Mapping[str, str]) -> Asked:
        """A request of a known merchant whose signature holds. Raises `AcpRefused` 13, 31, 11."""
        require_fields(fields, ("version", "signMethod", "merId"))
        async with self.database.transaction() as connection:
            merchant = await merchant_of(connection, ACP, fields["merId"])
        if merchant is None:
            raise AcpRefused(codes.MERCHANT)
        if fields["signMethod"] == RSA and fields.get("certId", "") != merchant.serial_no:
            raise AcpRefused(codes.SIGNATURE, "certId")
        if not holds(fields, public_key_pem=merchant.public_key_pem, secret=self.secret_of(merchant)):
            raise AcpRefused(codes.SIGNATURE)
        require_shapes(fields)
        return Asked(merchant, fields)

    def secret_of(self, merchant: GatewayMerchant | None) -> str | None:
        """The secret of methods 11 and 12."""
        return None if merchant is None else shared_secret(merchant, self.sealing, is_sandboxed=self.is_sandboxed)

    def answer(
        self, fields: Mapping[str, str], code: str, said: Mapping[str, str], *, secret: str | None, message: str = ""
    ) -> Response:
        """The raw `k=v&k=v` that answers a request; what could not be read back is not said again."""
        again = {name: fields[name] for name in SAID_AGAIN if fields.get(name) and may_be_echoed(fields[name])}
        whole = {**again, **said, "respCode": code, "respMsg": message or codes.message(code)}
        signed = self.signer.sign(whole, secret=secret)
        body = "&".join(f"{name}={value}" for name, value in sorted(signed.items()))
        return Response(body.encode(), media_type=None, headers={"Content-Type": MEDIA_TYPE})
