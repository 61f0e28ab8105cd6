"""The hot endpoints as raw ASGI, dispatched before FastAPI: parse, call, render."""

import hashlib
import time
from dataclasses import dataclass

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from yongquan.flows.claim_pack import WON, PackClaim, PackOutcome
from yongquan.flows.claim_voucher import Claim, ClaimOutcome
from yongquan.flows.name_parties import device_token
from yongquan.kernel.errors import Outage, Refusal
from yongquan.payments.model import PaymentRefused
from yongquan.plumbing.tokens import Holder
from yongquan.vouchers.catalogue import RoundOffer, TypeOffer
from yongquan.web.api.payments import take_payment
from yongquan.web.api.wire import (
    CODE_MAX,
    JSON,
    Answer,
    Location,
    Refused,
    problem,
    read_body,
    read_headers,
    retry_after_of,
    send_answer,
)
from yongquan.web.door import Door

CLAIM_PREFIX = "/v1/rounds/"
CLAIM_SUFFIX = "/claims"
PAYMENTS_PATH = "/v1/payments"
NO_OP_PATH = "/v1/no-op"

_encode = msgspec.json.Encoder().encode


class ClaimRequest(msgspec.Struct):
    """The body of a claim; all of it may be left out where the round has one type and asks for no place or device.

    `device_id` is the phone's own lasting name for itself; only a keyed hash of it is kept, and only where asked for.
    """

    type_id: str | None = None
    location: Location | None = None
    device_id: str | None = None


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


class PackClaimed(VoucherClaimed):
    """The answer to a claim that won a pack: its first voucher, and all of them."""

    vouchers: list[VoucherClaimed]


_read_claim = msgspec.json.Decoder(ClaimRequest).decode


@dataclass(slots=True)
class HotDoor:
    """The ASGI application: claims and payments first, everything else goes on to `rest`."""

    rest: ASGIApp
    door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            if path.endswith(CLAIM_SUFFIX) and path.startswith(CLAIM_PREFIX):
                round_id = path[len(CLAIM_PREFIX) : -len(CLAIM_SUFFIX)]
                try:
                    answer = await self._claim(scope, receive, round_id)
                except (Refused, Refusal, Outage) as no:
                    answer = _told(no)
                await send_answer(send, answer)
                return
            if path == PAYMENTS_PATH and not is_signed(scope):
                try:
                    answer = await self._pay(scope, receive)
                except (Refused, Refusal, Outage) as no:
                    answer = _told(no)
                await send_answer(send, answer)
                return
            if path == NO_OP_PATH:
                await read_body(receive)
                await send_answer(send, (201, JSON, b"{}"))
                return
        await self.rest(scope, receive, send)

    async def _claim(self, scope: Scope, receive: Receive, round_id: str) -> Answer:
        bearer, key = read_headers(scope, self.door.tokens, Holder.CITIZEN)
        body = await read_body(receive)
        if not self.door.limit.allows(bearer.id_hex, time.monotonic()):
            return problem("too_many_requests")
        offer = await self.door.find_round(round_id.replace("-", "").lower())
        if offer is None:
            return problem("not_found", "no such round")
        request, body_hash = read_claim(body, offer.round_hex)
        claim = Claim(
            citizen=bearer.id_hex,
            offer=offer,
            type=type_of(offer, request.type_id),
            key=hashlib.blake2b(key, digest_size=16).hexdigest(),
            body_hash=body_hash,
            refused=_refused_here(offer, request.location),
            device=self._device(offer, request.device_id),
        )
        if offer.pack is not None:
            return _pack_told(await self.door.packs.claim(PackClaim(claim, offer.pack)))
        outcome = await self.door.claims.claim(claim)
        if outcome.code in {"claimed", "again"}:
            return 201, JSON, _encode(answer_of(outcome))
        return problem(outcome.code, reason=outcome.reason)

    async def _pay(self, scope: Scope, receive: Receive) -> Answer:
        bearer, key = read_headers(scope, self.door.tokens, Holder.CITIZEN, Holder.STORE)
        body = await read_body(receive)
        # A busy store is no flood: only citizens are limited.
        if bearer.holder is Holder.CITIZEN and not self.door.limit.allows(bearer.id_hex, time.monotonic()):
            return problem("too_many_requests")
        status, payment = await take_payment(
            self.door.payments,
            bearer,
            key,
            body,
            self.door.hash_code,
            taps=self.door.phone_pay,
            step_up_code=_step_up_code(scope),
            hash_device=lambda device_id: device_token(device_id, self.door.sealing),
        )
        return status, JSON, _encode(payment)

    def _device(self, offer: RoundOffer, device_id: str | None) -> str | None:
        if not device_id or offer.conditions.one_citizen_a_device is None:
            return None
        return self.door.sealing.index(device_id, what="device").hex()


def _refused_here(offer: RoundOffer, location: Location | None) -> str | None:
    place = None if location is None else (location.lon, location.lat)
    return offer.refusal_from(place, platform=None)


def _told(no: Exception) -> Answer:
    match no:
        case Refused():
            return problem(no.code, no.detail, reason=no.reason)
        case PaymentRefused():
            return problem(no.reason, str(no), retry_after_s=retry_after_of(no))
        case Refusal():
            return problem(no.code, str(no), reason=str(no.facts.get("reason", "")))
        case _:
            return problem("unavailable", str(no))


def _step_up_code(scope: Scope) -> str:
    """The one-time code that risk asked for, beside the same order."""
    value: bytes = next((value for name, value in scope["headers"] if name == b"step-up-code"), b"")
    return value.decode("ascii", "replace")[:CODE_MAX]


def is_signed(scope: Scope) -> bool:
    """Whether an institution's app sent this, with a signature instead of a token."""
    return any(name == b"signature-input" for name, _ in scope["headers"])


def read_claim(body: bytes, round_hex: str) -> tuple[ClaimRequest, str]:
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


def type_of(offer: RoundOffer, type_id: str | None) -> TypeOffer:
    if offer.pack is not None:
        return offer.types[offer.pack.items[0].type_id.hex]
    if type_id is None:
        if len(offer.types) != 1:
            raise Refused("bad_request", "this round has several voucher types: name one in type_id")
        return next(iter(offer.types.values()))
    found = offer.types.get(type_id.replace("-", "").lower())
    if found is None:
        raise Refused("not_found", "no such voucher type in this round")
    return found


def _pack_told(outcome: PackOutcome) -> Answer:
    if outcome.first.code not in WON:
        return problem(outcome.first.code, reason=outcome.first.reason)
    return 201, JSON, _encode(pack_answer_of(outcome))


def pack_answer_of(outcome: PackOutcome) -> PackClaimed:
    vouchers = [
        VoucherClaimed(
            str(v.voucher_id),
            str(v.round_id),
            str(v.type_id),
            v.amount_fen,
            v.threshold_fen,
            v.valid_from.isoformat(),
            v.valid_until.isoformat(),
            v.claim_no,
        )
        for v in outcome.vouchers
    ]
    first = answer_of(outcome.first)
    return PackClaimed(**msgspec.structs.asdict(first), vouchers=vouchers)


def answer_of(outcome: ClaimOutcome) -> VoucherClaimed:
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
