"""Payouts through ACP (代付): out of the merchant's settlement account to a card, accepted first, told later."""

from dataclasses import dataclass

from yongquan.flows.open_acp_card import AcpCards
from yongquan.flows.pay_out import Payouts
from yongquan.flows.read_acp_outcome import DOOR
from yongquan.flows.trade_by_acp import AcpDesk, AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.transactions import Transaction, end_transaction, order_no_of
from yongquan.institutions.published_cards import TEST_HOLDER
from yongquan.payments.payouts import PayoutRefused, PayoutWish


@dataclass(frozen=True, slots=True)
class AcpPayouts:
    """Takes payouts; 00 says that one is accepted, a query or the notification what became of it."""

    desk: AcpDesk
    cards: AcpCards
    payouts: Payouts

    async def pay(self, asked: Asked) -> Transaction:
        """Take a payout. Raises `AcpRefused`; one that a bank refuses later is told as failed."""
        await self.desk.require_new(asked)
        store_id = self.desk.store_of(asked)
        customer = self.cards.opener.customer(asked.fields)
        self.cards.require_sound(customer)
        pan = self.cards.opener.account(asked.fields)
        is_published = self.desk.cards.is_published(pan)
        if not customer.name and not is_published:
            raise AcpRefused(codes.MISSING, "customerInfo.customerNm")
        _, order_id, txn_time = asked.numbers
        wish = PayoutWish(
            payout_no=order_no_of(order_id, txn_time),
            account=pan,
            # Nobody knows the name that goes with a published test card.
            name=TEST_HOLDER if is_published else customer.name,
            amount_fen=asked.amount_fen,
            purpose=asked.fields.get("postscript", "")[:100],
        )
        try:
            account = await self.payouts.of_store(store_id)
            self.payouts.routed(wish)
        except PayoutRefused as no:
            raise AcpRefused(codes.of_refusal(no.reason)) from no
        transaction = await self.desk.remember(asked, "back", subject=store_id.hex)
        facts = {"door": DOOR, "query_id": transaction.query_id}
        try:
            await self.payouts.pay(account, wish, facts=facts)
        except PayoutRefused as no:
            code = codes.of_refusal(no.reason)
            async with self.desk.orders.database.transaction() as connection:
                await end_transaction(connection, transaction.query_id, code)
            raise AcpRefused(code) from no
        return transaction
