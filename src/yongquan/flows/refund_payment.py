"""A full refund: marked (commit), given back by the issuer, then booked with the campaign's refund rule (commit)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from yongquan import ledger
from yongquan.flows.take_payment import PaymentDesk
from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import bucket_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.refunds import OpenRefund, begin_refund, end_refund, lease_refunds, open_refund
from yongquan.payments.switch import Switch
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.refunding import RefundedVoucher, refund_vouchers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefundDesk:
    """Refunds payments in full; a repeat, or a sweep after a crash, goes on where the first stopped."""

    desk: PaymentDesk
    switch: Switch

    async def refund(self, cell: int, payment_id: UUID, *, store_id: UUID, now: datetime) -> None:
        """Give everything back. Raises `PaymentRefused`; `Outage` if the issuer has not answered yet."""
        async with self.desk.database.transaction() as connection:
            state = await begin_refund(
                connection,
                cell,
                payment_id,
                store_id=store_id,
                refund_id=fresh_id(bucket_of(payment_id)),
                stamp=(await self.desk.next_stan(), now.replace(microsecond=0)),
                now=now,
            )
            if state is None:
                raise PaymentRefused("not_found", "no such payment in this store")
            if state not in {"refunding", "refunded"}:
                raise PaymentRefused("not_refundable", f"a payment that is {state} cannot be refunded")
            refund = await open_refund(connection, cell, payment_id)
        if refund is not None:
            await self._finish(refund, now=now)

    async def sweep(self, *, now: datetime) -> int:
        """Go on with refunds that were begun and not ended; say how many ended."""
        async with self.desk.database.transaction() as connection:
            refunds = await lease_refunds(connection, now=now)
        ended = 0
        for refund in refunds:
            try:
                await self._finish(refund, now=now)
                ended += 1
            except Outage as outage:
                log.info("refund_still_open", payment_id=str(refund.payment.payment_id), why=str(outage))
        return ended

    async def _finish(self, refund: OpenRefund, *, now: datetime) -> None:
        if refund.payment.charged_fen:
            # The same message as often as needed: the issuer gives back once.
            charge = self.desk.charge_again(refund.payment)
            answer = await self.switch.refund(charge, MessageStamp(sent_at=refund.sent_at, stan=refund.stan))
            if not answer.approved:
                raise InstitutionUnreachable(f"{charge.issuer} did not refund: code {answer.response_code}")
        async with self.desk.database.transaction() as connection:
            if await end_refund(connection, refund, now=now):
                vouchers = await refund_vouchers(
                    connection, refund.payment.cell, refund.payment.payment_id, citizen_id=refund.citizen_id, now=now
                )
                await _book(connection, refund, vouchers, now=now)


async def _book(connection: Connection, refund: OpenRefund, vouchers: list[RefundedVoucher], *, now: datetime) -> None:
    event, payment = refund.refund_id, refund.payment
    recipes, payment_recipes = ledger.recipes, ledger.payment_recipes
    parts = [
        payment_recipes.refund_by_issuer(
            event=event, issuer_id=payment.issuer, acquirer_id=payment.acquirer, amount_fen=payment.charged_fen
        ),
        payment_recipes.refund_fee(
            event=event,
            acquirer_id=payment.acquirer,
            issuer_id=payment.issuer,
            issuer_fen=refund.interchange_fen,
            network_fen=refund.network_fee_fen,
        ),
    ]
    for funder_id, amount_fen in refund.by_funder.items():
        parts.append(
            payment_recipes.refund_subsidy(
                event=event, funder_id=funder_id, acquirer_id=payment.acquirer, amount_fen=amount_fen
            )
        )
    for v in vouchers:
        turn = recipes.forfeit_voucher if v.forfeited else recipes.restore_voucher
        parts.append(turn(event=event, voucher_id=v.voucher_id, type_id=v.type_id, redeemed_fen=v.redeemed_fen))
    await ledger.post(connection, ledger.chain_of(*parts), cell=payment.cell, now=now)
