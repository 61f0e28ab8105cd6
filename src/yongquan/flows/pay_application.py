"""Approved applications are paid to the applicants' cards, out of the supervised account of the campaign's funder.

The applicant names the card, and its bank the holder, before anybody reviews. Each attempt is one payout under a number
of its own, so that a repeat, a crash or a silent bank pays nothing twice. What a bank refuses or sends back waits for
another card, or for staff, who try again or give the money back to the budget.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from stdnum import luhn

from yongquan.citizens.store import name_of
from yongquan.flows.apply_with_proof import CheckedCard, UnknownApplication, own_application
from yongquan.flows.pay_out import Payouts
from yongquan.flows.promise_card_payment import end_attempt, give_up
from yongquan.flows.review_application import NOTE_MAX, REVIEW_ROLES
from yongquan.kernel.ids import cell_of
from yongquan.kernel.reasons import require_reason
from yongquan.payments.payouts import Payout, PayoutRefused, PayoutState, PayoutWish
from yongquan.payments.payouts_store import returned_for
from yongquan.payments.receiving_store import card_of
from yongquan.payments.vault import Vault
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection
from yongquan.staff import Staff
from yongquan.vouchers.model import require_move
from yongquan.vouchers.ways import card_payments as store
from yongquan.vouchers.ways.applications import application_of
from yongquan.vouchers.ways.card_payments import CARD_PAYMENT_MOVES, CardPayment, CardPaymentState

ASK_AGAIN = timedelta(seconds=5)
RETURNS_LOOKED_AT = timedelta(days=30)
CHECK = "check"
OUTCOMES = {
    PayoutState.SUCCEEDED: CardPaymentState.PAID,
    PayoutState.FAILED: CardPaymentState.REFUSED,
    PayoutState.RETURNED: CardPaymentState.RETURNED,
}


@dataclass(frozen=True, slots=True)
class CardChoice:
    """The card an applicant names: one that is bound, or else by its number."""

    number: str = ""
    instrument_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CardPayments:
    """Pays approved applications; every call may be repeated."""

    payouts: Payouts

    async def check(self, citizen_id: UUID, choice: CardChoice) -> CheckedCard:
        """The card, if it is the applicant's own as its bank says; a bank that is silent compares when it is paid.

        Raises `PayoutRefused`: bad_account, instrument_unknown, name_missing, unknown_bank, unknown_account,
        account_closed, name_differs.
        """
        number = await self._number(citizen_id, choice)
        wish = PayoutWish(payout_no=CHECK, account=number, name=await self._name(citizen_id), amount_fen=1)
        (told,) = await self.payouts.names([self.payouts.routed(wish)])
        if told is not None and told.code != "match":
            raise PayoutRefused(told.code)
        kept = Vault(self.payouts.sealing).keep(number)
        return CheckedCard(kept.sealed, kept.tail)

    async def pay(self, application_id: UUID) -> CardPayment | None:
        """Go on with an application's payment now; as it stands after that, None if it has none."""
        async with self.payouts.database.transaction() as connection:
            found = await store.card_payment_of(connection, application_id)
        if found is not None and found.state in {CardPaymentState.DUE, CardPaymentState.PAYING}:
            await self._go_on(found)
            async with self.payouts.database.transaction() as connection:
                found = await store.card_payment_of(connection, application_id)
        return found

    async def sweep(self) -> int:
        """Go on with every payment that is due, and note what came back; how many were looked at."""
        now = self.payouts.clock.now()
        returned = await self._note_returned(now)
        async with self.payouts.database.transaction() as connection:
            due = await store.lease_due(connection, now=now)
        for payment in due:
            await self._go_on(payment)
        return returned + len(due)

    async def pay_to_another(self, citizen_id: UUID, application_id: UUID, choice: CardChoice) -> CardPayment:
        """The applicant names another card for a payment that was refused or came back; it is tried at once.

        Raises `UnknownApplication`, `ForbiddenMove`, and `PayoutRefused` as `check`.
        """
        async with self.payouts.database.transaction() as connection:
            cell = (await own_application(connection, application_id, citizen_id)).cell
            await self._require_move(connection, application_id, cell, CardPaymentState.DUE)
        card = await self.check(citizen_id, choice)
        async with self.payouts.database.transaction() as connection:
            found = await self._require_move(connection, application_id, cell, CardPaymentState.DUE)
            await store.save_card(connection, cell, application_id, sealed=card.sealed, tail=card.tail)
            await self._try_anew(connection, found)
        return await self.pay(application_id) or found

    async def pay_again(self, staff: Staff, application_id: UUID) -> CardPayment:
        """Staff try the same card again, as when the funder's account was short.

        Raises `UnknownApplication`, `Forbidden`, `ForbiddenMove`.
        """
        async with self.payouts.database.transaction() as connection:
            found = await self._for_staff(connection, staff, application_id, CardPaymentState.DUE)
            await self._try_anew(connection, found)
            await append(connection, _entry(staff, "paid_again", found), now=self.payouts.clock.now())
        return await self.pay(application_id) or found

    async def give_up(self, staff: Staff, application_id: UUID, *, reason: str) -> None:
        """Staff end a payment that cannot be made, with a reason the applicant reads; its money is recycled.

        Raises `UnknownApplication`, `Forbidden`, `ForbiddenMove`, `BadInput` for a reason that is empty or too long.
        """
        require_reason(reason, most=NOTE_MAX)
        now = self.payouts.clock.now()
        async with self.payouts.database.transaction() as connection:
            found = await self._for_staff(connection, staff, application_id, CardPaymentState.GIVEN_UP)
            await give_up(connection, found, reason=reason, actor=staff.actor, now=now)
            await append(connection, _entry(staff, "given_up", found, reason=reason), now=now)

    async def _go_on(self, payment: CardPayment) -> None:
        try:
            payout = await self._payout(payment)
            to, reason = OUTCOMES.get(payout.state), payout.reason
        except PayoutRefused as refused:
            to, reason = CardPaymentState.REFUSED, refused.reason
        now = self.payouts.clock.now()
        async with self.payouts.database.transaction() as connection:
            if to is not None:
                await end_attempt(connection, payment, to, reason=reason, now=now)
            else:
                look_at = now + ASK_AGAIN
                await store.move(connection, payment, CardPaymentState.PAYING, look_at=look_at, now=now)

    async def _payout(self, payment: CardPayment) -> Payout:
        account = await self.payouts.of_funder(payment.funder_id)
        known = await self.payouts.find(account, payment.payout_no)
        if known is not None:
            return known
        wish = PayoutWish(
            payout_no=payment.payout_no,
            account=Vault(self.payouts.sealing).open(payment.card_sealed),
            name=await self._name(payment.citizen_id),
            amount_fen=payment.amount_fen,
            purpose=payment.purpose,
        )
        facts = {"application_id": str(payment.application_id)}
        return await self.payouts.pay(account, wish, facts=facts)

    async def _note_returned(self, now: datetime) -> int:
        noted = 0
        async with self.payouts.database.transaction() as connection:
            back = await returned_for(connection, "application_id", since=now - RETURNS_LOOKED_AT)
            for payout_no, application, reason in back:
                found = await store.card_payment_of(connection, UUID(application))
                if found and found.state is CardPaymentState.PAID and found.payout_no == payout_no:
                    noted += await end_attempt(connection, found, CardPaymentState.RETURNED, reason=reason, now=now)
        return noted

    async def _for_staff(
        self, connection: Connection, staff: Staff, application_id: UUID, to: CardPaymentState
    ) -> CardPayment:
        application = await application_of(connection, application_id)
        if application is None:
            raise UnknownApplication
        staff.require(*REVIEW_ROLES, adcode=application.adcode)
        return await self._require_move(connection, application_id, application.cell, to)

    async def _require_move(
        self, connection: Connection, application_id: UUID, cell: int, to: CardPaymentState
    ) -> CardPayment:
        found = await store.card_payment_of(connection, application_id, lock_cell=cell)
        if found is None:
            raise UnknownApplication
        require_move(CARD_PAYMENT_MOVES, found.state, to)
        return found

    async def _try_anew(self, connection: Connection, payment: CardPayment) -> None:
        now = self.payouts.clock.now()
        await store.move(connection, payment, CardPaymentState.DUE, look_at=now, now=now)

    async def _number(self, citizen_id: UUID, choice: CardChoice) -> str:
        if choice.instrument_id is None:
            number = choice.number.replace(" ", "")
            if not (number.isascii() and number.isdecimal() and 12 <= len(number) <= 19 and luhn.is_valid(number)):
                raise PayoutRefused("bad_account")
            return number
        async with self.payouts.database.transaction() as connection:
            card = await card_of(connection, self._cell(citizen_id), citizen_id, choice.instrument_id)
        if card is None:
            raise PayoutRefused("instrument_unknown")
        return Vault(self.payouts.sealing).open(card.pan_sealed)

    async def _name(self, citizen_id: UUID) -> str:
        async with self.payouts.database.transaction() as connection:
            name = await name_of(connection, self._cell(citizen_id), citizen_id, self.payouts.sealing)
        if not name:
            raise PayoutRefused("name_missing")
        return name

    def _cell(self, citizen_id: UUID) -> int:
        return cell_of(citizen_id, self.payouts.cells)


def _entry(staff: Staff, done: str, found: CardPayment, *, reason: str = "") -> AuditEntry:
    return AuditEntry(
        actor=staff.actor,
        action=f"application.{done}",
        subject=f"application:{found.application_id}",
        before={"state": found.state.value, "reason": found.reason},
        after={"amount_fen": found.amount_fen, "attempt": found.attempt, "reason": reason},
    )
