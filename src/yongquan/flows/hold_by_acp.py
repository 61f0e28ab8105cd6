"""Money held through ACP, completed once, or given free; a completion may be cancelled on its day."""

from collections.abc import Awaitable
from dataclasses import dataclass

from yongquan.flows.order_desk import Payer
from yongquan.flows.preauthorise import Preauths
from yongquan.flows.read_acp_outcome import COMPLETION, HOLD, Outcome, settle_fields
from yongquan.flows.tell_acp_merchants import tell_if_ended
from yongquan.flows.trade_by_acp import AcpDesk, AcpRefused, Asked, order_of
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.transactions import Transaction, end_transaction, link_transaction
from yongquan.kernel.errors import Outage
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import PAYABLE, OrderState, TradeOrder
from yongquan.payments.preauths import COMPLETION_CANCELLED


@dataclass(frozen=True, slots=True)
class AcpHolds:
    """Holds money for a merchant's orders of kind `preauth`."""

    desk: AcpDesk
    preauths: Preauths

    async def hold(self, transaction: Transaction, payer: Payer) -> Outcome:
        """Try to hold a back-channel order's amount at once; one that fails is over."""
        order_id = order_of(transaction)
        try:
            order = await self.preauths.hold(order_id, payer)
        except Outage:
            return Outcome(codes.UNKNOWN)
        except PaymentRefused:
            order = await self.desk.orders.order(order_id)
        if order.state in PAYABLE:
            await self.desk.orders.close(order_id)
        return await self.desk.outcome(transaction)

    async def complete(self, asked: Asked) -> tuple[Transaction, Outcome]:
        """Take what is held, up to 115 %. Raises `AcpRefused` 35, 36, 45."""
        original, order = await self._held(asked)
        transaction = await self._remember(asked, original)
        return await self._do(transaction, self.preauths.complete(order.order_id, asked.amount_fen))

    async def cancel(self, asked: Asked) -> tuple[Transaction, Outcome]:
        """Give what is held free. Raises `AcpRefused` 35, 36, 45."""
        original, order = await self._held(asked)
        if asked.amount_fen != order.amount_fen:
            raise AcpRefused(codes.MISMATCH, "txnAmt")
        transaction = await self._remember(asked, original)
        return await self._do(transaction, self.preauths.cancel(order.order_id))

    async def cancel_completion(self, asked: Asked) -> tuple[Transaction, Outcome]:
        """Undo a completion on its day; the hold stands again. Raises `AcpRefused` 35, 36, 39, 45."""
        await self.desk.require_new(asked)
        original = await self.desk.original(asked)
        order = await self.desk.orders.order(order_of(original))
        if original.txn_type != COMPLETION:
            raise AcpRefused(codes.ORIGINAL_MISSING)
        if order.state is not OrderState.SUCCEEDED:
            raise AcpRefused(codes.GIVEN_BACK)
        if asked.amount_fen != original.amount_fen:
            raise AcpRefused(codes.MISMATCH, "txnAmt")
        paid_by = order.payment_id.hex if order.payment_id else None
        transaction = await self._remember(asked, original, refund_no=COMPLETION_CANCELLED, subject=paid_by)
        return await self._do(transaction, self.preauths.cancel_completion(order.order_id))

    async def _held(self, asked: Asked) -> tuple[Transaction, TradeOrder]:
        await self.desk.require_new(asked)
        original = await self.desk.original(asked)
        order = await self.desk.orders.order(order_of(original))
        if original.txn_type != HOLD:
            raise AcpRefused(codes.ORIGINAL_MISSING)
        if order.state is OrderState.CLOSED:
            raise AcpRefused(codes.GIVEN_BACK)
        if order.state is not OrderState.AUTHORISED:
            raise AcpRefused(codes.ORIGINAL_MISSING)
        return original, order

    async def _remember(self, asked: Asked, original: Transaction, **links: object) -> Transaction:
        return await self.desk.remember(
            asked, "back", trade_order_id=original.trade_order_id, original_id=original.query_id, **links
        )

    async def _do(self, transaction: Transaction, deed: Awaitable[TradeOrder]) -> tuple[Transaction, Outcome]:
        """Do it; what is known at once is said for good, what is not is read from the order later."""
        try:
            order = await deed
        except Outage:
            return transaction, Outcome(codes.UNKNOWN)
        except PaymentRefused as no:
            outcome = Outcome(codes.of_refusal(no.reason))
        else:
            outcome = await self.desk.outcome(transaction)
            if transaction.txn_type == COMPLETION and outcome.code == codes.OK and order.payment_id:
                async with self.desk.orders.database.transaction() as connection:
                    await link_transaction(connection, transaction.query_id, order.payment_id.hex)
        if outcome.code != codes.UNKNOWN:
            async with self.desk.orders.database.transaction() as connection:
                said = settle_fields(transaction, outcome)
                await end_transaction(connection, transaction.query_id, outcome.code, said)
        await tell_if_ended(self.desk.orders.database, transaction, outcome)
        return transaction, outcome
