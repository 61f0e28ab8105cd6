"""Two ways for simulated people to use the platform: its HTTP doors, or the same flows in this process."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import httpx

from yongquan.flows.claim_voucher import Claim, ClaimDesk
from yongquan.flows.register_for_draw import SignUp, register_for_draw
from yongquan.flows.show_pay_code import show_pay_code
from yongquan.flows.take_payment import Order, PaymentDesk
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_of, named_id
from yongquan.payments.model import PaymentState
from yongquan.plumbing.clock import Clock, wall_now
from yongquan.plumbing.db import Database
from yongquan.plumbing.tokens import Holder, Tokens
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.draw_store import draw_of_round

TOKEN_LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClaimWish:
    """A citizen wants a voucher of a type, standing at a place (degrees; `adcode` is where that is)."""

    citizen_id: UUID
    round_id: UUID
    type_id: UUID
    lon: float
    lat: float
    adcode: str

    @property
    def key(self) -> UUID:
        return named_id("wish", self.citizen_id, self.round_id, self.type_id)


@dataclass(frozen=True, slots=True)
class SignUpWish:
    """A citizen wants to take part in a draw: types, the most wanted first, and where the citizen stands."""

    citizen_id: UUID
    round_id: UUID
    wishes: tuple[UUID, ...]
    lon: float
    lat: float
    adcode: str

    @property
    def key(self) -> UUID:
        return named_id("sign-up", self.citizen_id, self.round_id)


@dataclass(frozen=True, slots=True)
class PaymentWish:
    """A citizen wants to pay at a store; with `by_code` the store scans the citizen's pay code. Amount in fen."""

    citizen_id: UUID
    instrument_id: UUID
    store_id: UUID
    amount_fen: int
    name: str
    by_code: bool

    @property
    def key(self) -> UUID:
        return named_id("payment", self.citizen_id, self.name)


class CityDoor(Protocol):
    """How simulated people reach the platform, `at_once` of them. Answers are outcome codes or payment states."""

    @property
    def at_once(self) -> int:
        """How many requests may be under way together."""

    async def claim(self, wish: ClaimWish) -> str:
        """claimed, again, or a refusal's code."""

    async def sign_up(self, wishes: Sequence[SignUpWish]) -> Sequence[str]:
        """For each citizen (one wish a citizen, all of one round): registered, again, or a refusal's code."""

    async def pay(self, wish: PaymentWish) -> str:
        """The payment's state, or a refusal's code."""


@dataclass(frozen=True, slots=True)
class FlowDoor:
    """The flows themselves, in this process."""

    database: Database
    clock: Clock
    catalogue: Catalogue
    claims: ClaimDesk
    payments: PaymentDesk
    hash_code: Callable[[str], UUID]
    cells: int
    at_once: int = 600

    async def claim(self, wish: ClaimWish) -> str:
        offer = self.catalogue.get(wish.round_id.hex)
        if offer is None:
            return "not_found"
        outcome = await self.claims.claim(
            Claim(
                citizen=wish.citizen_id.hex,
                offer=offer,
                type=offer.types[wish.type_id.hex],
                key=wish.key.hex,
                body_hash=wish.key.hex,
                refused=offer.refusal_from((wish.lon, wish.lat), platform=None),
            )
        )
        return outcome.code

    async def sign_up(self, wishes: Sequence[SignUpWish]) -> Sequence[str]:
        items = [SignUp(w.citizen_id, w.wishes, w.adcode, w.key, w.key) for w in wishes]
        async with self.database.transaction() as connection:
            draw = await draw_of_round(connection, wishes[0].round_id)
            if draw is None:
                return ["not_found"] * len(wishes)
            outcomes = await register_for_draw(connection, draw, items, cells=self.cells, now=self.clock.now())
        return [outcome.code for outcome in outcomes]

    async def pay(self, wish: PaymentWish) -> str:
        code = await self._code(wish) if wish.by_code else None
        try:
            payment = await self.payments.take(
                Order(
                    caller_id=wish.store_id if code else wish.citizen_id,
                    key=wish.key,
                    body_hash=wish.key,
                    bucket=bucket_of(wish.citizen_id),
                    store_id=wish.store_id,
                    amount_fen=wish.amount_fen,
                    code_hash=code,
                    citizen_id=None if code else wish.citizen_id,
                    instrument_id=None if code else wish.instrument_id,
                )
            )
            if payment.state is PaymentState.USER_PAYING:
                payment = await self.payments.payers.agree(payment.payment_id, wish.citizen_id)
        except Refusal as refusal:
            return str(refusal)
        return payment.state

    async def _code(self, wish: PaymentWish) -> UUID:
        code, _ = await show_pay_code(
            self.database,
            self.clock,
            self.hash_code,
            cells=self.cells,
            citizen_id=wish.citizen_id,
            instrument_id=wish.instrument_id,
            vouchers=None,
        )
        return self.hash_code(code)


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """The real HTTP API, with tokens as the apps and tills have them."""

    client: httpx.AsyncClient
    tokens: Tokens
    at_once: int = 24

    async def claim(self, wish: ClaimWish) -> str:
        answer = await self.client.post(
            f"/v1/rounds/{wish.round_id}/claims",
            headers=self._headers(Holder.CITIZEN, wish.citizen_id, wish.key),
            json={"type_id": str(wish.type_id), "location": {"lon": wish.lon, "lat": wish.lat}},
        )
        return "claimed" if answer.status_code == httpx.codes.CREATED else str(answer.json()["code"])

    async def sign_up(self, wishes: Sequence[SignUpWish]) -> Sequence[str]:
        return await asyncio.gather(*(self._sign_up(wish) for wish in wishes))

    async def _sign_up(self, wish: SignUpWish) -> str:
        answer = await self.client.post(
            f"/v1/rounds/{wish.round_id}/registrations",
            headers=self._headers(Holder.CITIZEN, wish.citizen_id, wish.key),
            json={"wishes": [str(w) for w in wish.wishes], "location": {"lon": wish.lon, "lat": wish.lat}},
        )
        return "registered" if answer.status_code == httpx.codes.CREATED else str(answer.json()["code"])

    async def pay(self, wish: PaymentWish) -> str:
        if wish.by_code:
            holder, caller = Holder.STORE, wish.store_id
            body = {"pay_code": await self._code(wish), "order_no": wish.key.hex, "amount_fen": wish.amount_fen}
        else:
            holder, caller = Holder.CITIZEN, wish.citizen_id
            body = {
                "store_id": str(wish.store_id),
                "amount_fen": wish.amount_fen,
                "instrument_id": str(wish.instrument_id),
                "vouchers": "best",
            }
        answer = await self.client.post("/v1/payments", headers=self._headers(holder, caller, wish.key), json=body)
        document = answer.json()
        if document.get("state") == "user_paying":
            yes = self._headers(Holder.CITIZEN, wish.citizen_id, wish.key)
            answer = await self.client.post(f"/v1/payments/{document['payment_id']}/confirm", headers=yes)
            document = answer.json()
        return str(document["state"] if answer.is_success else document["code"])

    async def _code(self, wish: PaymentWish) -> str:
        answer = await self.client.post(
            "/v1/pay-codes",
            headers=self._headers(Holder.CITIZEN, wish.citizen_id, wish.key),
            json={"instrument_id": str(wish.instrument_id)},
        )
        return str(answer.raise_for_status().json()["pay_code"])

    def _headers(self, holder: Holder, id_: UUID, key: UUID) -> dict[str, str]:
        token = self.tokens.issue(holder, id_, expires_at=wall_now() + TOKEN_LASTS)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(key)}
