"""A citizen sends money from a card to another's card, by card number or by mobile number, at whatever banks.

The payee's name is shown masked, and confirmed, before anything is sent; a one-time code belongs to this one
transfer. Sending is a payout out of the citizen's card: once for its key, unknown outcomes asked about.
"""

import time
from dataclasses import dataclass, field
from uuid import UUID

from yongquan.citizens.sign_in import SendsText, SignInDesk, WrongCode
from yongquan.citizens.store import find_by_phones, phone_of
from yongquan.flows.pay_out import Payouts
from yongquan.institutions.connectors.service_messages import StatementPage
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.kernel.money import yuan
from yongquan.payments import receiving_store
from yongquan.payments.payouts import PayingAccount, Payout, PayoutRefused, PayoutWish
from yongquan.payments.payouts_store import payout_by_no, payouts_of
from yongquan.payments.receiving_store import SealedCard
from yongquan.payments.transfers import DAY_MAX_FEN, Payee, TransferWish, check_transfer
from yongquan.payments.vault import Vault
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.limits import RateLimit

KEY_MAX = 64


def _looking_up() -> RateLimit:
    # Names are not to be collected: twenty look-ups at once, then one a minute.
    return RateLimit(per_second=1 / 60, burst=20)


@dataclass(frozen=True, slots=True)
class Transfers:
    """Citizens' transfers, balances and statements; `texts` is the way to their phones."""

    payouts: Payouts
    texts: SendsText | None = None
    limit: RateLimit = field(default_factory=_looking_up)

    async def statement(self, citizen_id: UUID, instrument_id: UUID, *, before: int | None = None) -> StatementPage:
        """What a bound card's account holds, and its last movements, as its bank tells them.

        Raises `PayoutRefused`: instrument_unknown; `Outage` if the bank does not answer.
        """
        card = await self._card(citizen_id, instrument_id)
        async with self.payouts.links.client(card.issuer) as bank:
            return await bank.statement(self._number(card), before=before)

    async def look_up(self, citizen_id: UUID, wish: TransferWish) -> Payee:
        """Whom the money would go to, to be confirmed by the payer.

        Raises `PayoutRefused`: as `check_transfer`, payee_unknown, name_differs, account_closed, same_account,
        too_many_requests; `Outage` if the payee's bank does not answer.
        """
        check_transfer(wish)
        if not self.limit.allows(citizen_id.hex, time.monotonic()):
            raise PayoutRefused("too_many_requests")
        return (await self._payee(citizen_id, wish))[0]

    async def send_code(self, citizen_id: UUID, wish: TransferWish) -> None:
        """Send the payer a code for this one transfer. Raises `PayoutRefused`: no_phone; as `SignInDesk`."""
        phone, desk = await self._phone(citizen_id)
        asks = f"您正在向{wish.masked}转账{yuan(wish.amount_fen)}元,"
        await desk.send_code(phone, now=wall_now(), purpose=wish.purpose, asks=asks)

    async def send(self, citizen_id: UUID, key: str, wish: TransferWish, *, code: str) -> Payout:
        """Send the money, once for the key. A repeat gets the transfer as it stands, whatever its code.

        Raises `WrongCode`; `PayoutRefused` as `look_up`, and over_day_limit, payee_changed (another name than was
        confirmed), payout_no_used.
        """
        check_transfer(wish)
        if not 1 <= len(key) <= KEY_MAX:
            raise PayoutRefused("bad_payout_no")
        account = await self._account(citizen_id, wish)
        known = await self.payouts.find(account, key)
        if known is not None:
            return known
        payee, number = await self._payee(citizen_id, wish)
        if payee.masked != wish.masked:
            raise PayoutRefused("payee_changed")
        phone, desk = await self._phone(citizen_id)
        agreed, _ = await desk.agree(phone, code, now=wall_now(), purpose=wish.purpose, name="")
        if agreed != citizen_id:
            raise WrongCode
        asked = PayoutWish(
            payout_no=key,
            account=number,
            name=wish.name,
            amount_fen=wish.amount_fen,
            purpose=wish.note,
            bank=payee.bank,
        )
        facts = {"masked": payee.masked, "from": str(wish.instrument_id), "by": "phone" if wish.is_to_phone else "card"}
        return await self.payouts.pay(account, asked, facts=facts, name_checked=True, day_max_fen=DAY_MAX_FEN)

    async def sent(self, citizen_id: UUID) -> list[Payout]:
        """A citizen's transfers, the newest first."""
        async with self.payouts.database.transaction() as connection:
            return await payouts_of(connection, self._cell(citizen_id), _payer(citizen_id), self.payouts.sealing)

    async def transfer(self, citizen_id: UUID, key: str) -> Payout:
        """A citizen's transfer by its key. Raises `PayoutRefused`: not_found."""
        async with self.payouts.database.transaction() as connection:
            found = await payout_by_no(
                connection, self._cell(citizen_id), _payer(citizen_id), key, self.payouts.sealing
            )
        if found is None:
            raise PayoutRefused("not_found")
        return found

    async def receiver(self, citizen_id: UUID) -> tuple[bool, UUID | None]:
        """Whether a citizen chose where money sent to the phone goes, and the card (None: it is not sent at all)."""
        async with self.payouts.database.transaction() as connection:
            return await receiving_store.chosen_receiver(connection, self._cell(citizen_id), citizen_id)

    async def choose_receiver(self, citizen_id: UUID, instrument_id: UUID | None) -> None:
        """Choose it. Raises `PayoutRefused`: instrument_unknown."""
        if instrument_id is not None:
            await self._card(citizen_id, instrument_id)
        async with self.payouts.database.transaction() as connection:
            await receiving_store.choose_receiver(connection, self._cell(citizen_id), citizen_id, instrument_id)

    async def _payee(self, citizen_id: UUID, wish: TransferWish) -> tuple[Payee, str]:
        bank, number = await self._place(wish)
        own = await self._card(citizen_id, wish.instrument_id)
        if self._number(own) == number:
            raise PayoutRefused("same_account")
        asked = PayoutWish(payout_no="look", account=number, name=wish.name, amount_fen=wish.amount_fen, bank=bank)
        asked = self.payouts.routed(asked)
        (told,) = await self.payouts.names([asked])
        if told is None:
            raise PayoutRefused("bank_silent", "the payee's bank does not answer now: try again later")
        if told.code != "match":
            raise PayoutRefused("payee_unknown" if told.code == "unknown_account" else told.code)
        return Payee(bank=asked.bank, account_tail=number[-4:], masked=told.masked), number

    async def _place(self, wish: TransferWish) -> tuple[str, str]:
        if not wish.is_to_phone:
            return "", wish.to
        payouts = self.payouts
        async with payouts.database.transaction() as connection:
            found = await find_by_phones(connection, [wish.to], payouts.sealing, cells=payouts.cells)
            payee_id = found.get(wish.to)
            card = None
            if payee_id is not None:
                card = await receiving_store.receiver_of(connection, self._cell(payee_id), payee_id)
        if card is None:
            # Whoever is unknown here and whoever does not want to be found look the same.
            raise PayoutRefused("payee_unknown")
        return card.issuer, self._number(card)

    async def _account(self, citizen_id: UUID, wish: TransferWish) -> PayingAccount:
        card = await self._card(citizen_id, wish.instrument_id)
        return PayingAccount(
            payer=_payer(citizen_id),
            bucket=bucket_of(citizen_id),
            bank=card.issuer,
            account=self._number(card),
            name="",
        )

    async def _card(self, citizen_id: UUID, instrument_id: UUID) -> SealedCard:
        async with self.payouts.database.transaction() as connection:
            card = await receiving_store.card_of(connection, self._cell(citizen_id), citizen_id, instrument_id)
        if card is None:
            raise PayoutRefused("instrument_unknown")
        return card

    async def _phone(self, citizen_id: UUID) -> tuple[str, SignInDesk]:
        payouts = self.payouts
        async with payouts.database.transaction() as connection:
            phone = await phone_of(connection, self._cell(citizen_id), citizen_id, payouts.sealing)
        if phone is None or self.texts is None:
            raise PayoutRefused("no_phone")
        return phone, SignInDesk(payouts.database, payouts.sealing, self.texts, payouts.cells)

    def _number(self, card: SealedCard) -> str:
        return Vault(self.payouts.sealing).open(card.pan_sealed)

    def _cell(self, citizen_id: UUID) -> int:
        return cell_of(citizen_id, self.payouts.cells)


def _payer(citizen_id: UUID) -> str:
    return f"citizen:{citizen_id.hex}"
