"""A refund of all or part of a payment: its parts fixed (commit), given back by the issuer, then booked (commit)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from yongquan import ledger
from yongquan.flows.take_payment import PaymentDesk
from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import bucket_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.preauths import COMPLETION_CANCELLED
from yongquan.payments.refunds import (
    OpenRefund,
    RefundWish,
    SharedBack,
    begin_refund,
    end_refund,
    lease_refunds,
    note_vouchers,
    open_refund,
)
from yongquan.payments.store import payment_of
from yongquan.payments.switch import Switch
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.refunding import Fate, RefundedVoucher, only_whole, refund_vouchers, refund_vouchers_in_part

WHOLE = RefundWish()
_TELL = "select flows.tell_refund(%s, %s, %s, %s)"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefundDesk:
    """Refunds payments; a repeat, or a sweep after a crash, goes on where the first stopped."""

    desk: PaymentDesk
    switch: Switch

    async def refund(
        self, cell: int, payment_id: UUID, *, store_id: UUID, now: datetime, wish: RefundWish = WHOLE
    ) -> None:
        """Give back what is wished, all that is left by default.

        Raises `PaymentRefused`; `Outage` if the issuer has not answered yet: the same wish goes on.
        """
        stamp = (await self.desk.next_stan(), now.replace(microsecond=0))
        async with self.desk.database.transaction() as connection:
            if wish.amount_fen is not None:
                await _require_partial(connection, cell, payment_id, wish.amount_fen)
            await begin_refund(
                connection,
                cell,
                payment_id,
                wish,
                store_id=store_id,
                refund_id=fresh_id(bucket_of(payment_id)),
                stamp=stamp,
                now=now,
            )
            refund = await open_refund(connection, cell, payment_id, wish.refund_no)
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
            stamp = MessageStamp(sent_at=refund.sent_at, stan=refund.stan)
            if refund.refund_no == COMPLETION_CANCELLED:
                answer = await self.switch.cancel(charge, stamp, is_of_hold=True)
            else:
                answer = await self.switch.refund(charge, stamp)
            if not answer.approved:
                raise InstitutionUnreachable(f"{charge.issuer} did not refund: code {answer.response_code}")
        async with self.desk.database.transaction() as connection:
            ended = await end_refund(connection, refund, now=now)
            if ended is not None:
                shares, is_last = ended
                vouchers = await _refund_vouchers(connection, refund, shares, is_last=is_last, now=now)
                await note_vouchers(connection, refund, [(v.voucher_id, v.fate) for v in vouchers])
                await _book(connection, refund, shares, vouchers, now=now)
                await _tell(connection, refund, vouchers, now=now)


async def _require_partial(connection: Connection, cell: int, payment_id: UUID, amount_fen: int) -> None:
    payment = await payment_of(connection, cell, payment_id)
    if payment is None or amount_fen >= payment.amount_fen:
        return
    if await only_whole(connection, cell, [share.voucher_id for share in payment.shares]):
        raise PaymentRefused("only_whole_refund", "a campaign of this payment allows refunds of the whole only")


async def _refund_vouchers(
    connection: Connection, refund: OpenRefund, shares: Sequence[SharedBack], *, is_last: bool, now: datetime
) -> list[RefundedVoucher]:
    payment = refund.payment
    if refund.whole:
        return await refund_vouchers(
            connection, payment.cell, payment.payment_id, citizen_id=refund.citizen_id, now=now
        )
    parts: defaultdict[UUID, int] = defaultdict(int)
    for share in shares:
        parts[share.voucher_id] += share.amount_fen
    return await refund_vouchers_in_part(connection, payment.cell, parts, ends=is_last)


async def _book(
    connection: Connection,
    refund: OpenRefund,
    shares: Sequence[SharedBack],
    vouchers: Sequence[RefundedVoucher],
    *,
    now: datetime,
) -> None:
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
    by_funder: defaultdict[str, int] = defaultdict(int)
    for share in shares:
        by_funder[share.funder_id] += share.amount_fen
    for funder_id, amount_fen in sorted(by_funder.items()):
        parts.append(
            payment_recipes.refund_subsidy(
                event=event, funder_id=funder_id, acquirer_id=payment.acquirer, amount_fen=amount_fen
            )
        )
    for v in vouchers:
        turn = recipes.restore_voucher if v.fate is Fate.RETURNED else recipes.forfeit_voucher
        parts.append(turn(event=event, voucher_id=v.voucher_id, type_id=v.type_id, redeemed_fen=v.refunded_fen))
    await ledger.post(connection, ledger.chain_of(*parts), cell=payment.cell, now=now)


async def _tell(
    connection: Connection, refund: OpenRefund, vouchers: Sequence[RefundedVoucher], *, now: datetime
) -> None:
    effects = [
        {
            "voucher_id": str(v.voucher_id),
            "type_id": str(v.type_id),
            "refunded_fen": v.refunded_fen,
            "became": v.fate.value,
        }
        for v in vouchers
    ]
    await connection.execute(_TELL, [refund.payment.cell, now, refund.refund_id, Jsonb(effects)])
