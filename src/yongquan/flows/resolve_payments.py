"""Payments whose outcome is unknown: ask the issuer, then complete or reverse; never guess."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from yongquan.flows.take_payment import PaymentDesk
from yongquan.institutions.connectors.card_messages import MessageStamp, OriginalState
from yongquan.kernel.errors import Outage
from yongquan.payments.model import PaymentState
from yongquan.payments.open_payments import OpenPayment, lease_open
from yongquan.payments.orders import REVERSED_RESPONSE
from yongquan.payments.reversals import KeptReversal, keep_reversal, kept_reversal, reversal_answered
from yongquan.payments.switch import Charge, Switch

# A payment is given this long to end by itself before somebody else asks about it.
PATIENCE = timedelta(seconds=15)
ASK_AGAIN = timedelta(seconds=3)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Asks about open payments; several processes may run one, each open payment is leased to one of them."""

    desk: PaymentDesk
    switch: Switch

    async def sweep(self, *, now: datetime, patience: timedelta = PATIENCE, ask_again: timedelta = ASK_AGAIN) -> int:
        """Ask once about each open payment that is due; say how many ended."""
        async with self.desk.database.transaction() as connection:
            due = await lease_open(connection, now=now, begun_before=now - patience, asked_before=now - ask_again)
        ended = 0
        for payment in due:
            try:
                ended += await self._resolve(payment, now=now)
            except Outage as outage:
                log.info("payment_still_unknown", payment_id=str(payment.payment_id), why=str(outage))
        return ended

    async def _resolve(self, payment: OpenPayment, *, now: datetime) -> bool:
        if payment.charged_fen == 0:
            # Nothing was to be charged: the vouchers paid all of it, and only the last commit is missing.
            await self._end(payment, PaymentState.SUCCEEDED, "00", rrn="")
            return True
        charge = self.desk.charge_again(payment)
        kept = await kept_reversal(self.desk.database, payment.cell, payment.payment_id)
        if kept is not None:
            return await self._reverse(payment, charge, kept, now=now)
        answer = await self.switch.inquire(charge, await self._stamp(now))
        if answer.state is OriginalState.APPROVED:
            await self._end(payment, PaymentState.SUCCEEDED, "00", rrn=charge.rrn)
            return True
        if answer.state is OriginalState.NEVER_SEEN:
            # Not seen is not "no": the message may still arrive. A reversal makes sure that it can do nothing.
            kept = await keep_reversal(
                self.desk.database,
                payment.cell,
                payment.payment_id,
                issuer=payment.issuer,
                stan=await self.desk.next_stan(),
                now=now,
            )
            return await self._reverse(payment, charge, kept, now=now)
        await self._end(payment, PaymentState.FAILED, answer.response_code or "00", rrn=charge.rrn)
        return True

    async def _reverse(self, payment: OpenPayment, charge: Charge, kept: KeptReversal, *, now: datetime) -> bool:
        answer = await self.switch.reverse(charge, kept)
        await reversal_answered(self.desk.database, payment.cell, payment.payment_id, now=now)
        if answer.undone:
            await self._end(payment, PaymentState.FAILED, REVERSED_RESPONSE, rrn=charge.rrn)
        return answer.undone

    async def _end(self, payment: OpenPayment, state: PaymentState, response: str, *, rrn: str) -> None:
        await self.desk.end(payment.cell, payment.payment_id, state, response=response, rrn=rrn)
        log.info("payment_resolved", payment_id=str(payment.payment_id), state=state.value)

    async def _stamp(self, now: datetime) -> MessageStamp:
        return MessageStamp(sent_at=now.replace(microsecond=0), stan=await self.desk.next_stan())
