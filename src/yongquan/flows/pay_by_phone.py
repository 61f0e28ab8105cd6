"""Pay by phone: a bound card gets a token on a device after its bank's code; a till brings the phone's tap."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from yongquan.citizens.store import phone_of
from yongquan.flows.bind_instrument import BindingDesk, NotBound
from yongquan.flows.take_payment import Order
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.payments.codes import LASTS_S
from yongquan.payments.instruments_store import sealed_card_of
from yongquan.payments.model import merchant_no
from yongquan.payments.phone_tokens import (
    COUNTER_MAX,
    DAY_FEN,
    DAY_FEN_MAX,
    KEY_BYTES,
    PAYMENT_FEN,
    PAYMENT_FEN_MAX,
    TOKEN_MOVES,
    Tap,
    TokenState,
    is_genuine,
    make_number,
)
from yongquan.payments.phone_tokens_store import (
    PhoneToken,
    add_tap,
    add_token,
    await_code,
    limit_token,
    lock_token,
    move_token,
    tapped,
    token_of,
    tokens_of,
    used_today,
)
from yongquan.payments.store import add_pay_code
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id

CODE_LASTS: Final = timedelta(minutes=10)
TOKENS_MAX: Final = 5
WHAT: Final = "phone_key"


class TapRefused(Refusal):
    """A tap that pays nothing; `reason` says why.

    tap_unknown, tap_wrong (cryptogram, amount or store), tap_replayed, token_suspended, token_ended,
    over_payment_limit, over_day_limit.
    """

    code = "tap_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What the device is told, once: its token's number and key. No key when a suspended token is active again."""

    token: PhoneToken
    key: bytes | None


@dataclass(frozen=True, slots=True)
class PhoneDesk:
    """Provisions, suspends and ends tokens, and admits taps. Every call may be repeated."""

    bindings: BindingDesk

    async def begin(self, citizen_id: UUID, instrument_id: UUID, *, device: str) -> UUID:
        """Have the card's bank text a code for a new token. Raises `NotBound`: not_found, too_many_cards,
        holder_differs (the bank knows another phone)."""
        cell, now = self._cell(citizen_id), self.bindings.clock.now()
        number = make_number(bucket=bucket_of(citizen_id), entropy=int.from_bytes(os.urandom(8), "big"))
        token = PhoneToken(
            token_id=fresh_id(bucket_of(citizen_id)),
            citizen_id=citizen_id,
            instrument_id=instrument_id,
            number=number,
            device=device,
            key_sealed=None,
            counter=0,
            payment_fen=PAYMENT_FEN,
            day_fen=DAY_FEN,
            state=TokenState.ASKED,
            asked_at=now,
            code_until=now + CODE_LASTS,
        )
        async with self.bindings.database.transaction() as connection:
            if len(await tokens_of(connection, cell, citizen_id)) >= TOKENS_MAX:
                raise NotBound("too_many_cards")
            if await sealed_card_of(connection, cell, citizen_id, instrument_id) is None:
                raise NotBound("not_found")
            await add_token(connection, cell, token)
        await self._text(token)
        return token.token_id

    async def ask_code(self, citizen_id: UUID, token_id: UUID) -> None:
        """Have a fresh code texted, to make a suspended token active again. Raises `NotBound`."""
        token = await self.find(citizen_id, token_id)
        if token.state not in {TokenState.ASKED, TokenState.SUSPENDED}:
            raise NotBound("not_found")
        until = self.bindings.clock.now() + CODE_LASTS
        async with self.bindings.database.transaction() as connection:
            await await_code(connection, self._cell(citizen_id), token_id, until=until)
        await self._text(token)

    async def confirm(self, citizen_id: UUID, token_id: UUID, code: str) -> Provisioned:
        """Make the token active once the bank says that the code is right.

        A new token's key is made and told now; asked again before its first tap, a new key takes the old one's place.
        Raises `NotBound`: wrong_code, too_many_tries, binding_expired, not_found; `Outage`.
        """
        cell, now = self._cell(citizen_id), self.bindings.clock.now()
        token = await self.find(citizen_id, token_id)
        if token.code_until <= now or token.state is TokenState.DELETED:
            raise NotBound("binding_expired")
        issuer, _ = await self._card(token)
        async with self.bindings.links.client(issuer) as bank:
            told = await bank.confirm_binding(binding_id=token_id.hex, code=code)
        if told != "bound":
            raise NotBound(told if told in {"wrong_code", "too_many_tries"} else "binding_expired")
        async with self.bindings.database.transaction() as connection:
            token = await self._locked(connection, citizen_id, token_id)
            if token.state is TokenState.DELETED:
                raise NotBound("binding_expired")
            key = os.urandom(KEY_BYTES) if token.counter == 0 and token.state is not TokenState.SUSPENDED else None
            sealed = self.bindings.vault.sealing.seal_bytes(key, what=WHAT) if key else None
            await move_token(connection, cell, token_id, TokenState.ACTIVE, now=now, key_sealed=sealed)
        return Provisioned(token, key)

    async def move(self, citizen_id: UUID, token_id: UUID, to: TokenState) -> None:
        """Suspend a lost phone's token, or end one for good; the card itself goes on. Raises `NotBound`: not_found."""
        now = self.bindings.clock.now()
        async with self.bindings.database.transaction() as connection:
            token = await self._locked(connection, citizen_id, token_id)
            if token.state is to:
                return
            if to is TokenState.ACTIVE or to not in TOKEN_MOVES[token.state]:
                raise NotBound("not_found")
            await move_token(connection, self._cell(citizen_id), token_id, to, now=now)

    async def limit(self, citizen_id: UUID, token_id: UUID, *, payment_fen: int, day_fen: int) -> None:
        """Set a token's limits. Raises `NotBound`: bad_limit beyond the largest, or a day below a payment."""
        if not (0 < payment_fen <= min(day_fen, PAYMENT_FEN_MAX) and day_fen <= DAY_FEN_MAX):
            raise NotBound("bad_limit")
        async with self.bindings.database.transaction() as connection:
            await self._locked(connection, citizen_id, token_id)
            await limit_token(connection, self._cell(citizen_id), token_id, payment_fen=payment_fen, day_fen=day_fen)

    async def find(self, citizen_id: UUID, token_id: UUID) -> PhoneToken:
        """A citizen's token. Raises `NotBound`: not_found."""
        async with self.bindings.database.transaction() as connection:
            found = await token_of(connection, self._cell(citizen_id), citizen_id, token_id)
        if found is None:
            raise NotBound("not_found")
        return found

    async def of(self, citizen_id: UUID) -> list[PhoneToken]:
        """A citizen's tokens."""
        async with self.bindings.database.transaction() as connection:
            return await tokens_of(connection, self._cell(citizen_id), citizen_id)

    async def admit(self, order: Order, tap: Tap) -> None:
        """Let the tap of a till's order pay, once: from now on it is a pay code of the same card.

        Raises `TapRefused`; a repeat of the same order passes again.
        """
        cell, now = tap.bucket % self.bindings.cells, self.bindings.clock.now()
        async with self.bindings.database.transaction() as connection:
            token = await lock_token(connection, cell, tap.number)
            if token is None or token.key_sealed is None or order.code_hash is None:
                raise TapRefused("tap_unknown")
            self._require_genuine(token, tap, order)
            before = await tapped(connection, cell, token.token_id, tap.counter)
            if before == (order.caller_id, order.key):
                return
            if before is not None or not token.counter < tap.counter <= COUNTER_MAX:
                raise TapRefused("tap_replayed")
            await self._require_within(connection, cell, token, order.amount_fen)
            values = (
                tap.counter,
                order.caller_id,
                order.key,
                order.code_hash,
                order.amount_fen,
                business_day(now),
                now,
            )
            await add_tap(connection, cell, token.token_id, values)
            await add_pay_code(
                connection,
                cell,
                code_hash=order.code_hash,
                citizen_id=token.citizen_id,
                instrument_id=token.instrument_id,
                vouchers=None,
                expires_at=self.bindings.clock.in_real_seconds(LASTS_S),
            )

    def _require_genuine(self, token: PhoneToken, tap: Tap, order: Order) -> None:
        key = self.bindings.vault.sealing.open_bytes(token.key_sealed or b"", what=WHAT)
        about_it = (tap.amount_fen, tap.store) == (order.amount_fen, merchant_no(order.store_id))
        if not is_genuine(tap, key) or not about_it:
            raise TapRefused("tap_wrong")
        if token.state is not TokenState.ACTIVE:
            raise TapRefused("token_suspended" if token.state is TokenState.SUSPENDED else "token_ended")

    async def _require_within(self, connection: Connection, cell: int, token: PhoneToken, amount_fen: int) -> None:
        now = self.bindings.clock.now()
        if amount_fen > token.payment_fen:
            raise TapRefused("over_payment_limit")
        used_fen = await used_today(connection, cell, token.token_id, day=business_day(now), now=now)
        if used_fen + amount_fen > token.day_fen:
            raise TapRefused("over_day_limit")

    async def _text(self, token: PhoneToken) -> None:
        issuer, pan = await self._card(token)
        async with self.bindings.database.transaction() as connection:
            cell, sealing = self._cell(token.citizen_id), self.bindings.vault.sealing
            phone = await phone_of(connection, cell, token.citizen_id, sealing)
        async with self.bindings.links.client(issuer) as bank:
            told = await bank.text_binding_code(binding_id=token.token_id.hex, number=pan, phone=phone or "")
        if told != "sent":
            raise NotBound("holder_differs")

    async def _card(self, token: PhoneToken) -> tuple[str, str]:
        async with self.bindings.database.transaction() as connection:
            cell = self._cell(token.citizen_id)
            found = await sealed_card_of(connection, cell, token.citizen_id, token.instrument_id)
        if found is None:
            raise NotBound("not_found")
        issuer, sealed = found
        return issuer, self.bindings.vault.open(sealed)

    async def _locked(self, connection: Connection, citizen_id: UUID, token_id: UUID) -> PhoneToken:
        found = await token_of(connection, self._cell(citizen_id), citizen_id, token_id, lock=True)
        if found is None:
            raise NotBound("not_found")
        return found

    def _cell(self, id_: UUID) -> int:
        return cell_of(id_, self.bindings.cells)
