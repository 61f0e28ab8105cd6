"""What became of an ACP transaction, read from the order or refund it led to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from yongquan.flows.order_desk import OrderDesk
from yongquan.flows.pay_out import Payouts
from yongquan.flows.preauthorise import Preauths
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.transactions import (
    Transaction,
    order_no_of,
    transaction_by_query_id,
    transactions_of_original,
)
from yongquan.kernel.ids import cell_of
from yongquan.payments.model import Payment
from yongquan.payments.orders import PAID, PAYABLE, AttemptState, Deed, OrderKind, OrderState, TradeOrder
from yongquan.payments.payouts import PayoutState
from yongquan.payments.preauths import HoldState

DOOR = "acp"
BACK = "back"
HOLD, COMPLETION, HOLD_CANCEL, COMPLETION_CANCEL, PAYOUT = "02", "03", "32", "33", "12"
HOLDING, UNDOING = frozenset({HOLD, COMPLETION, HOLD_CANCEL, COMPLETION_CANCEL}), "31"
# A refund or payout whose process died before it began is known to have failed after this long.
BEGINS_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction: its code, when it settles, further fields to say."""

    code: str
    settles_on: date | None = None
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AcpReader:
    """Reads outcomes; changes nothing."""

    orders: OrderDesk
    payouts: Payouts
    preauths: Preauths

    async def outcome(self, transaction: Transaction) -> Outcome:
        """What became of a transaction, as it is now."""
        async with self.orders.database.transaction() as connection:
            now = await transaction_by_query_id(connection, transaction.query_id) or transaction
        if now.resp_code is not None:
            return Outcome(now.resp_code, said=now.answer)
        if now.txn_type == PAYOUT and now.subject is not None:
            return await self._payout_outcome(now, UUID(hex=now.subject))
        if now.trade_order_id is None:
            return Outcome(codes.UNKNOWN, said=now.answer)
        order = await self.orders.order(now.trade_order_id)
        if order.kind is OrderKind.PREAUTH and now.txn_type in HOLDING:
            return await self._hold_outcome(now, order)
        if now.refund_no is not None:
            return await self._refund_outcome(now, order)
        return await self._order_outcome(now, order)

    async def payment(self, order: TradeOrder) -> Payment | None:
        """The payment that paid an order."""
        if order.payment_id is None:
            return None
        return await self.orders.payments.payment(cell_of(order.payment_id, self.orders.cells), order.payment_id)

    async def _order_outcome(self, transaction: Transaction, order: TradeOrder) -> Outcome:
        if order.state is OrderState.REVERSED and not await self._was_followed_by(transaction, UNDOING):
            # The merchant's undoing (31) leaves a paid original behind; a reversal (99) leaves none.
            return Outcome(codes.CLOSED)
        if order.state in PAID:
            payment = await self.payment(order)
            return Outcome(codes.OK, payment.settlement_date if payment else None, transaction.answer)
        if transaction.channel == BACK and order.state in {OrderState.FAILED, OrderState.CLOSED}:
            attempts = await self.orders.attempts(order.order_id)
            if attempts and attempts[-1].state in {AttemptState.FAILED, AttemptState.REVERSED}:
                return Outcome(codes.of_issuer(attempts[-1].reason))
        # Somebody may still pay an order on a page after a failed try.
        is_over = order.state is OrderState.CLOSED or (
            order.state in PAYABLE and order.expires_at <= self.orders.clock.now()
        )
        return Outcome(codes.CLOSED if is_over else codes.UNKNOWN)

    async def _hold_outcome(self, transaction: Transaction, order: TradeOrder) -> Outcome:
        if transaction.txn_type == COMPLETION:
            return await self._completion_outcome(order)
        if transaction.txn_type == COMPLETION_CANCEL:
            return Outcome(codes.OK if order.state is OrderState.AUTHORISED else codes.UNKNOWN)
        hold = await self.preauths.held(order.order_id)
        if transaction.txn_type == HOLD_CANCEL:
            return Outcome(codes.OK if hold and hold.state is HoldState.FREED else codes.UNKNOWN)
        is_payable = order.state in PAYABLE and order.expires_at > self.orders.clock.now()
        if hold is None or (is_payable and transaction.channel != BACK):
            return Outcome(codes.UNKNOWN if is_payable else codes.CLOSED)
        match hold.state:
            case HoldState.HELD:
                return Outcome(codes.OK)
            case HoldState.ASKING | HoldState.UNKNOWN:
                return Outcome(codes.UNKNOWN)
            case HoldState.DECLINED:
                return Outcome(codes.of_issuer(hold.response_code or ""))
            case HoldState.FREEING | HoldState.FREED:
                # One that the merchant cancelled (32), or let lapse, was good; one that was reversed (99) never was.
                was_good = hold.free_reason == "expired" or await self._was_followed_by(transaction, HOLD_CANCEL)
                return Outcome(codes.OK if was_good else codes.CLOSED)

    async def _completion_outcome(self, order: TradeOrder) -> Outcome:
        tries = [a for a in await self.orders.attempts(order.order_id) if a.deed is Deed.COMPLETE]
        if not tries:
            return Outcome(codes.UNKNOWN)
        match tries[-1].state:
            case AttemptState.SUCCEEDED:
                payment = await self.payment(order)
                return Outcome(codes.OK, payment.settlement_date if payment else None)
            case AttemptState.FAILED | AttemptState.REVERSED:
                return Outcome(codes.of_issuer(tries[-1].reason))
            case AttemptState.RETURNED:
                return Outcome(codes.OK)
            case AttemptState.CREATED | AttemptState.PENDING | AttemptState.UNKNOWN:
                return Outcome(codes.UNKNOWN)

    async def _was_followed_by(self, transaction: Transaction, txn_type: str) -> bool:
        async with self.orders.database.transaction() as connection:
            about = await transactions_of_original(connection, transaction.query_id)
        return any(one.txn_type == txn_type and one.resp_code in {None, codes.OK} for one in about)

    async def _payout_outcome(self, transaction: Transaction, store_id: UUID) -> Outcome:
        account = await self.payouts.of_store(store_id)
        payout = await self.payouts.find(account, order_no_of(transaction.order_id, transaction.txn_time))
        if payout is None:
            return self._not_begun(transaction)
        match payout.state:
            case PayoutState.ACCEPTED | PayoutState.PROCESSING:
                return Outcome(codes.UNKNOWN)
            case PayoutState.SUCCEEDED:
                return Outcome(codes.OK, payout.settlement_date)
            case PayoutState.FAILED | PayoutState.RETURNED:
                return Outcome(codes.of_refusal(payout.reason))

    def _not_begun(self, transaction: Transaction) -> Outcome:
        never = transaction.received_at + BEGINS_WITHIN <= self.orders.clock.now()
        return Outcome(codes.FAILED if never else codes.UNKNOWN)

    async def _refund_outcome(self, transaction: Transaction, order: TradeOrder) -> Outcome:
        for row in await self.orders.refunds_of(order):
            if row.refund_no == transaction.refund_no:
                done = row.state == "succeeded"
                return Outcome(codes.OK if done else codes.UNKNOWN, row.settlement_date)
        return self._not_begun(transaction)


def settle_fields(transaction: Transaction, outcome: Outcome) -> dict[str, str]:
    """When and with how much a transaction settles, once that is known."""
    if outcome.settles_on is None:
        return {}
    return {
        "settleAmt": str(transaction.amount_fen),
        "settleCurrencyCode": "156",
        "settleDate": f"{outcome.settles_on:%m%d}",
    }


def result_fields(transaction: Transaction, outcome: Outcome) -> dict[str, str]:
    """What a query's answer and a notification say of a transaction, but for the code."""
    said = {
        "queryId": transaction.query_id,
        "traceNo": transaction.trace_no,
        "traceTime": transaction.trace_time,
        "txnAmt": str(transaction.amount_fen) if transaction.amount_fen else "",
        "currencyCode": "156" if transaction.amount_fen else "",
        **outcome.said,
    }
    said |= settle_fields(transaction, outcome)
    return {name: value for name, value in said.items() if value}
