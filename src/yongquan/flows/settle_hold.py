"""What became of a hold, written into its order: by the process that asked for it, or by the sweeper after a crash."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from yongquan.flows.order_desk import there
from yongquan.flows.settle_attempt import LOOK_SOON, UNDER_WAY, key_of, note_attempt
from yongquan.flows.take_payment import PaymentDesk
from yongquan.institutions.connectors.card_messages import MessageStamp, OriginalState, PurchaseAnswer
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import cell_of
from yongquan.payments.open_payments import OpenPayment
from yongquan.payments.orders import REVERSED_RESPONSE, AttemptState, OrderState, TradeOrder
from yongquan.payments.orders_store import attempts_of, order_by_id
from yongquan.payments.preauths import Hold, HoldState
from yongquan.payments.preauths_store import (
    begin_freeing,
    end_freeing,
    hold_answered,
    lease_holds,
    look_at_hold,
    sealed_pan,
)
from yongquan.payments.reversals import KeptReversal, keep_reversal, kept_reversal, reversal_answered
from yongquan.payments.switch import HOLD, Charge, HeldMoney, Switch
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database

# The issuer has nothing held any more: freed now, over already, or unknown to it.
NOTHING_HELD: Final = frozenset({"00", "22", "25"})
A_DAY = timedelta(days=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HoldDesk:
    """Ends what was begun about holds; several processes may run one, each due hold is leased to one of them."""

    payments: PaymentDesk
    switch: Switch
    clock: Clock
    cells: int

    @property
    def database(self) -> Database:
        return self.payments.database

    async def sweep(self) -> int:
        """Ask about unknown holds, send cancels again, free what has expired; say how many holds were due."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            due = await lease_holds(connection, now=now)
        for hold in due:
            try:
                await self._look(hold, now=now)
            except Outage as outage:
                log.info("hold_still_open", order_id=str(hold.order_id), why=str(outage))
        return len(due)

    async def note_answer(self, hold: Hold, answer: PurchaseAnswer) -> TradeOrder:
        """Write what the issuer answered to a hold."""
        state = HoldState.HELD if answer.approved else HoldState.DECLINED
        return await self.note(hold, state, answer.response_code, answer.authorization)

    async def note(self, hold: Hold, state: HoldState, response: str, authorization: str | None) -> TradeOrder:
        now = self.clock.now()
        look_at = {HoldState.HELD: hold.expires_at, HoldState.UNKNOWN: now + LOOK_SOON}.get(state)
        stan = await self.payments.next_stan()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, hold.cell, hold.order_id, lock=True))
            written = await hold_answered(
                connection,
                hold,
                state,
                response=response,
                authorization=authorization,
                now=now,
                look_at=look_at,
            )
            if not written:
                return order
            outcome = _outcome_of(state, response), None, response
            order = await note_attempt(connection, hold.cell, hold.order_id, hold.attempt_no, outcome, now=now)
            if state is HoldState.HELD and order.state is not OrderState.AUTHORISED:
                # The order was closed meanwhile: what came too late is given free by itself.
                held = replace(hold, state=state, authorization=authorization)
                await begin_freeing(connection, held, stan=stan, reason="late", now=now)
        return order

    async def free(self, hold: Hold) -> TradeOrder:
        if hold.free_stan is None or hold.free_sent_at is None:
            raise ValueError("a hold that is being freed has a message of its own")
        stamp = MessageStamp(sent_at=hold.free_sent_at, stan=hold.free_stan)
        # The same message as often as needed: the issuer frees once.
        answer = await self.switch.free(await self._charge(hold), money_of(hold), stamp)
        if answer.response_code not in NOTHING_HELD:
            raise InstitutionUnreachable(f"{hold.issuer} did not free a hold: code {answer.response_code}")
        now = self.clock.now()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, hold.cell, hold.order_id, lock=True))
            if not await end_freeing(connection, hold, now=now):
                return order
            outcome = AttemptState.RETURNED, None, hold.free_reason
            return await note_attempt(connection, hold.cell, hold.order_id, hold.attempt_no, outcome, now=now)

    async def _look(self, hold: Hold, *, now: datetime) -> None:
        match hold.state:
            case HoldState.ASKING | HoldState.UNKNOWN:
                await self._ask(hold)
            case HoldState.FREEING:
                await self.free(hold)
            case HoldState.HELD:
                await self._expire(hold, now=now)
            case HoldState.DECLINED | HoldState.FREED:
                return

    async def _ask(self, hold: Hold) -> None:
        charge, subject = await self._charge(hold), key_of(hold.order_id, hold.attempt_no)
        kept = await kept_reversal(self.database, hold.cell, subject)
        if kept is not None:
            await self._reverse(hold, charge, kept)
            return
        answer = await self.switch.inquire(charge, await self._stamp(), original_type=HOLD)
        match answer.state:
            case OriginalState.APPROVED:
                await self.note(hold, HoldState.HELD, "00", answer.authorization)
            case OriginalState.DECLINED | OriginalState.REVERSED:
                await self.note(hold, HoldState.DECLINED, answer.response_code or "", None)
            case OriginalState.NEVER_SEEN:
                # Not seen is not "no": a reversal makes sure that the message can do nothing when it comes.
                kept = await keep_reversal(
                    self.database,
                    hold.cell,
                    subject,
                    issuer=hold.issuer,
                    stan=await self.payments.next_stan(),
                    now=self.clock.now(),
                )
                await self._reverse(hold, charge, kept)

    async def _reverse(self, hold: Hold, charge: Charge, kept: KeptReversal) -> None:
        answer = await self.switch.reverse(charge, kept, original_type=HOLD)
        subject = key_of(hold.order_id, hold.attempt_no)
        await reversal_answered(self.database, hold.cell, subject, now=self.clock.now())
        if answer.undone:
            await self.note(hold, HoldState.DECLINED, REVERSED_RESPONSE, None)

    async def _expire(self, hold: Hold, *, now: datetime) -> None:
        stan = await self.payments.next_stan()
        freeing = None
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, hold.cell, hold.order_id, lock=True))
            busy = any(a.state in UNDER_WAY for a in await attempts_of(connection, hold.cell, hold.order_id))
            if order.state is OrderState.AUTHORISED and not busy:
                freeing = await begin_freeing(connection, hold, stan=stan, reason="expired", now=now)
            elif order.state is not OrderState.AUTHORISED:
                # Completed. Its completion may be cancelled on its day only, so a hold need not be watched for long.
                over = now > hold.expires_at + 2 * A_DAY
                await look_at_hold(connection, hold, at=None if over else now + A_DAY)
        if freeing is not None:
            await self.free(freeing)

    async def _charge(self, hold: Hold) -> Charge:
        async with self.database.transaction() as connection:
            cell = cell_of(hold.citizen_id, self.cells)
            return self.charge_of(hold, await sealed_pan(connection, cell, hold.instrument_id))

    def charge_of(self, hold: Hold, pan_sealed: bytes) -> Charge:
        return self.payments.charge_again(
            OpenPayment(
                cell=hold.cell,
                payment_id=hold.order_id,
                store_id=hold.store_id,
                issuer=hold.issuer,
                acquirer=hold.acquirer,
                pan_sealed=pan_sealed,
                charged_fen=hold.amount_fen,
                mcc=hold.mcc,
                settlement_date=hold.settlement_date,
                stan=hold.stan,
                sent_at=hold.sent_at,
            )
        )

    async def _stamp(self) -> MessageStamp:
        now = self.clock.now().replace(microsecond=0)
        return MessageStamp(sent_at=now, stan=await self.payments.next_stan())


def money_of(hold: Hold) -> HeldMoney:
    return HeldMoney(hold.sent_at, hold.stan, hold.authorization or "")


def _outcome_of(state: HoldState, response: str) -> AttemptState:
    match state:
        case HoldState.UNKNOWN:
            return AttemptState.UNKNOWN
        case HoldState.HELD:
            return AttemptState.SUCCEEDED
        case _:
            return AttemptState.REVERSED if response == REVERSED_RESPONSE else AttemptState.FAILED
