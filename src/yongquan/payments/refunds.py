"""The payments room's SQL for refunds: begun with all its parts fixed, leased until the issuer answers, ended once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.payments.model import PaymentRefused
from yongquan.payments.open_payments import OpenPayment
from yongquan.payments.refund_split import Bill, PaidShare, RefundParts, split_refund
from yongquan.plumbing.db import Connection

AT_ONCE = 100
PATIENCE = timedelta(seconds=15)
ALL = "all"
_LOCK = """
select state, amount_fen, charged_fen, interchange_fen, network_fee_fen, acquirer_fee_fen,
       settlement_date < (%s at time zone 'Asia/Shanghai')::date and 'kept' = (
           select v.document::jsonb ->> 'refunds' from payments.fee_version v
            where v.state = 'approved' and v.effective_day <= (begun_at at time zone 'Asia/Shanghai')::date
            order by v.effective_day desc, v.version_no desc limit 1)
  from payments.payment where cell = %s and payment_id = %s and store_id = %s for no key update
"""
_EARLIER = """
select refund_no, asked_fen from payments.refund
 where cell = %(cell)s and payment_id = %(payment)s and (refund_no = %(no)s or key = %(key)s)
"""
_BACK = """
select coalesce(sum(charged_fen), 0)::bigint, coalesce(sum(interchange_fen), 0)::bigint,
       coalesce(sum(network_fee_fen), 0)::bigint, coalesce(sum(acquirer_fee_fen), 0)::bigint,
       coalesce(sum(amount_fen), 0)::bigint
  from payments.refund where cell = %s and payment_id = %s
"""
_SHARES = """
select s.voucher_id, s.type_id, s.funder_id, s.amount_fen,
       coalesce((select sum(b.amount_fen) from payments.refund r
                   join payments.refund_share b on b.cell = r.cell and b.refund_id = r.refund_id
                  where r.cell = s.cell and r.payment_id = s.payment_id and b.voucher_id = s.voucher_id
                    and b.funder_id = s.funder_id), 0)::bigint
  from payments.share s where s.cell = %s and s.payment_id = %s order by s.voucher_id, s.funder_id
"""
_MARK = "update payments.payment set state = 'refunding' where cell = %s and payment_id = %s"
_BEGIN = """
insert into payments.refund (cell, refund_id, payment_id, refund_no, key, asked_fen, amount_fen, charged_fen,
                             discount_fen, interchange_fen, network_fee_fen, acquirer_fee_fen, reason,
                             settlement_date, state, stan, sent_at, begun_at)
values (%(cell)s, %(refund)s, %(payment)s, %(no)s, %(key)s, %(asked)s, %(amount)s, %(charged)s, %(discount)s,
        %(interchange)s, %(network)s, %(acquirer)s, %(reason)s, payments.open_day(%(now)s), 'refunding', %(stan)s,
        %(sent_at)s, %(now)s)
"""
_BEGIN_SHARE = """
insert into payments.refund_share (cell, refund_id, voucher_id, funder_id, type_id, amount_fen)
values (%s, %s, %s, %s, %s, %s)
"""
_OPEN = """
select p.cell, p.payment_id, p.store_id, p.issuer, p.acquirer, i.pan_sealed, r.charged_fen, s.mcc,
       r.settlement_date, p.stan, p.sent_at,
       r.refund_id, r.stan, r.sent_at, r.amount_fen, r.interchange_fen, r.network_fee_fen, p.citizen_id,
       r.amount_fen = p.amount_fen, r.refund_no
  from payments.refund r
  join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
  join payments.instrument i on i.cell = p.cell and i.instrument_id = p.instrument_id
  join merchants.store s on s.store_id = p.store_id
 where r.state = 'refunding'
"""
_OPEN_ONE = f"{_OPEN} and r.cell = %s and r.payment_id = %s and r.refund_no = %s"
_OPEN_DUE = f"{_OPEN} and r.begun_at <= %s order by r.begun_at limit %s for no key update of r skip locked"
_ONE_AT_A_TIME = "select 1 from payments.payment where cell = %s and payment_id = %s for no key update"
_END = """
update payments.refund set state = 'succeeded', ended_at = %s
 where cell = %s and refund_id = %s and state = 'refunding'
"""
_FREE_CAPS = "select payments.free_parts(%s, %s, %s, %s)"
_ENDED = """
update payments.payment
   set refunded_fen = refunded_fen + %(fen)s,
       state = case when refunded_fen + %(fen)s = amount_fen then 'refunded'
                    when exists (select from payments.refund r
                                  where r.cell = payment.cell and r.payment_id = payment.payment_id
                                    and r.state = 'refunding') then 'refunding'
                    else 'succeeded' end
 where cell = %(cell)s and payment_id = %(payment)s
returning refunded_fen = amount_fen
"""
_OPEN_SHARES = """
select voucher_id, type_id, funder_id, amount_fen from payments.refund_share
 where cell = %s and refund_id = %s order by voucher_id, funder_id
"""
_BECAME = "update payments.refund_share set became = %s where cell = %s and refund_id = %s and voucher_id = %s"


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What a store wants back to its customer: part of the bill in fen, or (None) all that is left.

    `refund_no` is unique in the payment; it and `key` (a hash of the caller's key) make a repeat the same refund.
    """

    amount_fen: int | None = None
    refund_no: str = ALL
    key: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenRefund:
    """A refund under way. `payment` is as the refund's message tells it: its amount is what the citizen gets back.

    `whole`: this one refund gives the whole bill back. Amounts in fen.
    """

    payment: OpenPayment
    refund_id: UUID
    stan: int
    sent_at: datetime
    amount_fen: int
    interchange_fen: int
    network_fee_fen: int
    citizen_id: UUID
    whole: bool
    refund_no: str


@dataclass(frozen=True, slots=True)
class SharedBack:
    """What one funder gets back through one voucher."""

    voucher_id: UUID
    type_id: UUID
    funder_id: str
    amount_fen: int


async def begin_refund(
    connection: Connection,
    cell: int,
    payment_id: UUID,
    wish: RefundWish,
    *,
    store_id: UUID,
    refund_id: UUID,
    stamp: tuple[int, datetime],
    now: datetime,
) -> bool:
    """Fix a refund's parts and mark the payment as refunding; False if this very refund was begun before.

    Several may be under way: each is fixed out of what the ones before it leave. Locks the payment.
    Raises `PaymentRefused`: not_found, conflicting_request, refund_under_way, not_refundable,
    refund_too_large.
    """
    row = await (await connection.execute(_LOCK, [now, cell, payment_id, store_id])).fetchone()
    if row is None:
        raise PaymentRefused("not_found", "no such payment in this store")
    state, whole_fen, charged_fen, *fees, keeps_fees = row
    if await _is_repeat(connection, cell, payment_id, wish):
        return False
    # Asked for once the payment is locked: what others began meanwhile counts.
    *back, begun_fen = await (await connection.execute(_BACK, [cell, payment_id])).fetchone() or (0, 0, 0, 0, 0)
    left_fen = whole_fen - begun_fen
    if state == "refunding" and not left_fen:
        raise PaymentRefused("refund_under_way", "refunds that have not ended take all of this payment")
    if state not in {"succeeded", "refunding"}:
        raise PaymentRefused("not_refundable", f"a payment that is {state} cannot be refunded")
    amount_fen = left_fen if wish.amount_fen is None else wish.amount_fen
    if not 0 < amount_fen <= left_fen:
        raise PaymentRefused("refund_too_large", f"{left_fen} fen are left to refund", left_fen=left_fen)
    shares = await (await connection.execute(_SHARES, [cell, payment_id])).fetchall()
    bill = Bill(
        charged_fen,
        back[0],
        tuple(PaidShare(*s) for s in shares),
        (fees[0], fees[1], fees[2]),
        (back[1], back[2], back[3]),
    )
    values = {"cell": cell, "payment": payment_id, "refund": refund_id, "now": now, "amount": amount_fen}
    await connection.execute(_MARK, [cell, payment_id])
    parts = split_refund(bill, amount_fen)
    if keeps_fees:
        parts = replace(parts, fees_fen=(0, 0, 0))
    await _write(connection, values | {"stan": stamp[0], "sent_at": stamp[1]}, wish, bill, parts)
    return True


async def open_refund(connection: Connection, cell: int, payment_id: UUID, refund_no: str) -> OpenRefund | None:
    """A refund of a payment, if it has not ended."""
    row = await (await connection.execute(_OPEN_ONE, [cell, payment_id, refund_no])).fetchone()
    return None if row is None else OpenRefund(OpenPayment(*row[:11]), *row[11:])


async def lease_refunds(connection: Connection, *, now: datetime) -> Sequence[OpenRefund]:
    """Refunds that have been open for a while."""
    rows = await (await connection.execute(_OPEN_DUE, [now - PATIENCE, AT_ONCE])).fetchall()
    return [OpenRefund(OpenPayment(*row[:11]), *row[11:]) for row in rows]


async def end_refund(
    connection: Connection, refund: OpenRefund, *, now: datetime
) -> tuple[Sequence[SharedBack], bool] | None:
    """Record that the money is back, the payment's refunds one after the other.

    What each funder gets back, and whether nothing is left to refund now; None if somebody else recorded it.
    """
    cell = refund.payment.cell
    await connection.execute(_ONE_AT_A_TIME, [cell, refund.payment.payment_id])
    ended = await connection.execute(_END, [now, cell, refund.refund_id])
    if not ended.rowcount:
        return None
    values = {"cell": cell, "payment": refund.payment.payment_id, "fen": refund.amount_fen}
    row = await (await connection.execute(_ENDED, values)).fetchone()
    rows = await (await connection.execute(_OPEN_SHARES, [cell, refund.refund_id])).fetchall()
    shares = [SharedBack(*row) for row in rows]
    payments = [refund.payment.payment_id] * len(shares)
    await connection.execute(
        _FREE_CAPS, [cell, payments, [s.funder_id for s in shares], [s.amount_fen for s in shares]]
    )
    return shares, bool(row and row[0])


async def note_vouchers(connection: Connection, refund: OpenRefund, became: Sequence[tuple[UUID, str]]) -> None:
    """Write down what became of the refund's vouchers, for receipts."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _BECAME, [(what, refund.payment.cell, refund.refund_id, voucher_id) for voucher_id, what in became]
        )


async def _is_repeat(connection: Connection, cell: int, payment_id: UUID, wish: RefundWish) -> bool:
    values = {"cell": cell, "payment": payment_id, "no": wish.refund_no, "key": wish.key}
    rows = await (await connection.execute(_EARLIER, values)).fetchall()
    if any(row != (wish.refund_no, wish.amount_fen) for row in rows):
        raise PaymentRefused("conflicting_request", "this key or refund_no was used for another refund")
    return bool(rows)


async def _write(
    connection: Connection, values: dict[str, object], wish: RefundWish, bill: Bill, parts: RefundParts
) -> None:
    interchange_fen, network_fen, acquirer_fen = parts.fees_fen
    await connection.execute(
        _BEGIN,
        values
        | {"no": wish.refund_no, "key": wish.key, "asked": wish.amount_fen, "reason": wish.reason}
        | {"charged": parts.charged_fen, "discount": parts.discount_fen, "interchange": interchange_fen}
        | {"network": network_fen, "acquirer": acquirer_fen},
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _BEGIN_SHARE,
            [
                (values["cell"], values["refund"], share.voucher_id, share.funder_id, share.type_id, fen)
                for share, fen in zip(bill.shares, parts.shares_fen, strict=True)
            ],
        )
