"""The hot endpoints as raw ASGI, dispatched before FastAPI: parse, call, render."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from yongquan.flows.claim_voucher import Claim, ClaimDesk, ClaimOutcome
from yongquan.kernel.errors import Outage
from yongquan.kernel.regions import Regions
from yongquan.plumbing.limits import RateLimit
from yongquan.plumbing.tokens import Bearer, Holder, Tokens
from yongquan.vouchers.catalogue import RoundOffer, TypeOffer
from yongquan.web.api.problems import PROBLEMS, problem_body

CLAIM_PREFIX = "/v1/rounds/"
CLAIM_SUFFIX = "/claims"
NO_OP_PATH = "/v1/no-op"
BODY_MAX = 64 * 1024

_JSON = [(b"content-type", b"application/json")]
_PROBLEM = [(b"content-type", b"application/problem+json")]
_encode = msgspec.json.Encoder().encode


class Location(msgspec.Struct):
    """Where the citizen's phone says it is: WGS-84 degrees."""

    lon: float
    lat: float


class ClaimRequest(msgspec.Struct):
    """The body of a claim; all of it may be left out where the round has one type and no place rule."""

    type_id: str | None = None
    location: Location | None = None


class VoucherClaimed(msgspec.Struct):
    """The answer to a claim that won."""

    voucher_id: str
    round_id: str
    type_id: str
    amount_fen: int
    threshold_fen: int
    valid_from: str
    valid_until: str
    claim_no: int


class Refused(Exception):
    """A request that stops here, with the problem's code and what to do about it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


_read_claim = msgspec.json.Decoder(ClaimRequest).decode


@dataclass(slots=True)
class HotDoor:
    """The ASGI application: claims first, everything else goes on to `rest`."""

    rest: ASGIApp
    desk: ClaimDesk
    find_round: Callable[[str], Awaitable[RoundOffer | None]]
    tokens: Tokens
    regions: Regions
    limit: RateLimit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            if path.endswith(CLAIM_SUFFIX) and path.startswith(CLAIM_PREFIX):
                status, headers, body = await self._claim(scope, receive, path[len(CLAIM_PREFIX) : -len(CLAIM_SUFFIX)])
                await answer(send, status, headers, body)
                return
            if path == NO_OP_PATH:
                await read_body(receive)
                await answer(send, 201, _JSON, b"{}")
                return
        await self.rest(scope, receive, send)

    async def _claim(
        self, scope: Scope, receive: Receive, round_id: str
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        try:
            bearer, key = read_headers(scope, self.tokens, Holder.CITIZEN)
            body = await read_body(receive)
            if not self.limit.allows(bearer.id_hex, time.monotonic()):
                return problem("too_many_requests")
            offer = await self._round(round_id)
            request, body_hash = read_request(body, offer.round_hex)
            outcome = await self.desk.claim(
                Claim(
                    citizen=bearer.id_hex,
                    offer=offer,
                    type=_type_of(offer, request.type_id),
                    key=hashlib.blake2b(key, digest_size=16).hexdigest(),
                    body_hash=body_hash,
                    adcode=self._adcode(offer, request.location),
                )
            )
        except Refused as refused:
            return problem(refused.code, refused.detail)
        except Outage as outage:
            return problem("unavailable", str(outage))
        if outcome.code in {"claimed", "again"}:
            return 201, _JSON, _encode(_answer_of(outcome))
        return problem(outcome.code)

    async def _round(self, round_id: str) -> RoundOffer:
        offer = await self.find_round(round_id.replace("-", "").lower())
        if offer is None:
            raise Refused("not_found", "no such round")
        return offer

    def _adcode(self, offer: RoundOffer, location: Location | None) -> str | None:
        # The place is worked out only for rounds that ask for it.
        if offer.districts is None or location is None:
            return None
        return self.regions.locate(location.lon, location.lat)


def read_headers(scope: Scope, tokens: Tokens, holder: Holder) -> tuple[Bearer, bytes]:
    """The bearer and the idempotency key of a write. Raises `Refused`."""
    token = key = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            token = value
        elif name == b"idempotency-key":
            key = value
    bearer = tokens.read(token[7:], now=time.time()) if token[:7].lower() == b"bearer " else None
    if bearer is None or bearer.holder is not holder:
        raise Refused("unauthorized")
    if not 1 <= len(key) <= 255:
        raise Refused("idempotency_key_missing")
    return bearer, key


async def read_body(receive: Receive) -> bytes:
    """The whole request body, 64 KiB at most. Raises `Refused`."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise Refused("too_large")
    return body


def read_request(body: bytes, round_hex: str) -> tuple[ClaimRequest, str]:
    """The parsed body and the hash that tells it from another under the same key. Raises `Refused`."""
    if body in {b"", b"{}"}:
        return ClaimRequest(), round_hex
    try:
        request = _read_claim(body)
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except msgspec.DecodeError as error:
        raise Refused("bad_request", str(error)) from error
    if canonical == b"{}":
        return request, round_hex
    return request, hashlib.blake2b(round_hex.encode() + canonical, digest_size=16).hexdigest()


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send one whole response."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


def problem(code: str, detail: str = "") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """An RFC 9457 answer for a code of `PROBLEMS`."""
    status, extra = PROBLEMS[code].status, PROBLEMS[code].headers
    return status, [*_PROBLEM, *extra], problem_body(code, detail)


def _type_of(offer: RoundOffer, type_id: str | None) -> TypeOffer:
    if type_id is None:
        if len(offer.types) != 1:
            raise Refused("bad_request", "this round has several voucher types: name one in type_id")
        return next(iter(offer.types.values()))
    found = offer.types.get(type_id.replace("-", "").lower())
    if found is None:
        raise Refused("not_found", "no such voucher type in this round")
    return found


def _answer_of(outcome: ClaimOutcome) -> VoucherClaimed:
    return VoucherClaimed(
        outcome.voucher_id,
        outcome.round_id,
        outcome.type_id,
        outcome.amount_fen,
        outcome.threshold_fen,
        outcome.valid_from,
        outcome.valid_until,
        outcome.claim_no,
    )
