"""A shop's statement of a settlement day: its lines, every payment and voucher, and when the money of each arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

# A line that was carried is followed to the day that took it over.
_LINES = """
with recursive followed as (
    select s.cut_no as of_cut, s.acquirer, s.store_id, s.day, s.cut_no, s.carried_into, s.carried_into_cut, 0 as step
      from payments.settlement s where s.store_id = %(store)s and s.day = %(day)s
    union all
    select f.of_cut, s.acquirer, s.store_id, s.day, s.cut_no, s.carried_into, s.carried_into_cut, f.step + 1
      from followed f join payments.settlement s
        on s.day = f.carried_into and s.cut_no = f.carried_into_cut and s.acquirer = f.acquirer
       and s.store_id = f.store_id
), last as (
    select distinct on (acquirer, of_cut) acquirer, of_cut, day, cut_no from followed
     order by acquirer, of_cut, step desc
)
select o.acquirer, o.payments, o.refunds, o.trade_fen, o.subsidy_fen, o.fee_fen,
       o.brought_trade_fen + o.brought_subsidy_fen - o.brought_fee_fen,
       o.carried_trade_fen + o.carried_subsidy_fen - o.carried_fee_fen, o.due_fen, o.paid_fen, o.held_fen, o.hold,
       o.state, o.reason, o.paid_at, l.day, s.state, s.hold, s.paid_at, s.hold_ended_at, o.cut_no, o.same_day_fee_fen
  from payments.settlement o join last l on l.acquirer = o.acquirer and l.of_cut = o.cut_no
  join payments.settlement s
    on s.acquirer = l.acquirer and s.day = l.day and s.cut_no = l.cut_no and s.store_id = o.store_id
 where o.store_id = %(store)s and o.day = %(day)s order by o.acquirer, o.cut_no = 0, o.cut_no
"""
_ROWS = """
select p.begun_at, 'purchase' as kind, p.order_no, p.payment_id, p.acquirer, p.charged_fen,
       p.interchange_fen + p.network_fee_fen + p.acquirer_fee_fen, s.voucher_id, s.funder_id, coalesce(s.amount_fen, 0),
       coalesce(i.cut_no, 0)
  from payments.payment p left join payments.share s on s.cell = p.cell and s.payment_id = p.payment_id
  left join payments.same_day_item i on i.cell = p.cell and i.item_id = p.payment_id
 where p.store_id = %(store)s and p.settlement_date = %(day)s and p.state in ('succeeded', 'refunding', 'refunded')
union all
select r.begun_at, 'refund', p.order_no, p.payment_id, p.acquirer, -r.charged_fen,
       -(r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen), s.voucher_id, s.funder_id,
       -coalesce(s.amount_fen, 0), coalesce(i.cut_no, 0)
  from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
  left join payments.refund_share s on s.cell = r.cell and s.refund_id = r.refund_id
  left join payments.same_day_item i on i.cell = r.cell and i.item_id = r.refund_id
 where p.store_id = %(store)s and r.settlement_date = %(day)s and r.state = 'succeeded'
 order by 1, 4, 2, 8
"""
_DAYS = """
select day from payments.settlement where store_id = %s group by day order by day desc limit 60
"""
_PAID_DAYS = """
select day, sum(due_fen)::bigint, sum(paid_fen)::bigint, sum(held_fen)::bigint, max(paid_at)
  from payments.settlement where store_id = %s group by day order by day desc limit %s
"""


@dataclass(frozen=True, slots=True)
class PaidDay:
    """A settlement day of a shop over all its lines; amounts in fen."""

    day: date
    due_fen: int
    paid_fen: int
    held_fen: int
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayLine:
    """A shop's line at one acquirer; the fields from `final_day` on are of the line that pays it, maybe on a later day.

    A cut-off of the day has a line of its own, with the card part of what was taken until then.
    """

    acquirer: str
    payments: int
    refunds: int
    trade_fen: int
    subsidy_fen: int
    fee_fen: int
    brought_fen: int
    carried_fen: int
    due_fen: int
    paid_fen: int
    held_fen: int
    hold: str
    state: str
    reason: str
    paid_at: datetime | None
    final_day: date
    final_state: str
    final_hold: str
    final_paid_at: datetime | None
    hold_ended_at: datetime | None
    cut_no: int = 0
    same_day_fee_fen: int = 0

    @property
    def cut_off(self) -> str:
        """The time of the cut-off that this line pays, "" for the day's close."""
        return clock_time(self.cut_no) if self.cut_no else ""

    @property
    def trade_arrived_at(self) -> datetime | None:
        """When the citizens' part reached the shop; None: not yet."""
        if self.final_state not in {"paid", "held", "released", "recovered"}:
            return None
        return self.hold_ended_at if self.final_hold == "whole" else self.final_paid_at

    @property
    def subsidy_arrived_at(self) -> datetime | None:
        """When the vouchers' part reached the shop; None: not yet, or recovered for its funders."""
        if self.final_state == "released":
            return self.hold_ended_at
        return self.final_paid_at if self.final_state == "paid" else None


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One voucher's part of a payment or refund, or a payment without one; charge and fee stand on the first row."""

    at: datetime
    kind: str
    order_no: str
    payment_id: UUID
    charged_fen: int
    fee_fen: int
    voucher_id: UUID | None
    funder_id: str | None
    subsidy_fen: int
    trade_arrived_at: datetime | None
    subsidy_arrived_at: datetime | None
    trade_state: str = ""  # of the line that pays the citizens' part
    subsidy_state: str = ""
    cut_off: str = ""  # at which the citizens' part was paid on the day itself


@dataclass(frozen=True, slots=True)
class ShopStatement:
    """A settlement day of a shop; `lines` is empty before the day is drawn up."""

    store_id: UUID
    day: date
    lines: Sequence[DayLine]
    rows: Sequence[StatementRow]


async def paid_days(connection: Connection, store_id: UUID, *, limit: int) -> list[PaidDay]:
    """A shop's last settlement days, the latest first."""
    return [PaidDay(*row) for row in await (await connection.execute(_PAID_DAYS, [store_id, limit])).fetchall()]


async def shop_statement(connection: Connection, store_id: UUID, day: date) -> ShopStatement:
    """The statement of a settlement day."""
    values = {"store": store_id, "day": day}
    lines = [DayLine(*row) for row in await (await connection.execute(_LINES, values)).fetchall()]
    found = {(line.acquirer, line.cut_no): line for line in lines}
    rows, before = [], None
    for row in await (await connection.execute(_ROWS, values)).fetchall():
        trade, subsidy = found.get((row[4], row[10])), found.get((row[4], 0))
        here = (row[0], row[1], row[3])
        charged_fen, fee_fen = (0, 0) if here == before else (row[5], row[6])
        before = here
        rows.append(
            StatementRow(
                at=row[0],
                kind=row[1],
                order_no=row[2],
                payment_id=row[3],
                charged_fen=charged_fen,
                fee_fen=fee_fen,
                voucher_id=row[7],
                funder_id=row[8],
                subsidy_fen=row[9],
                trade_arrived_at=trade.trade_arrived_at if trade else None,
                subsidy_arrived_at=subsidy.subsidy_arrived_at if subsidy else None,
                trade_state=trade.final_state if trade else "",
                subsidy_state=subsidy.final_state if subsidy else "",
                cut_off=trade.cut_off if trade else "",
            )
        )
    return ShopStatement(store_id, day, lines, rows)


def clock_time(minute: int) -> str:
    """A minute of the day as on a clock: 720 is 12:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


async def statement_days(connection: Connection, store_id: UUID) -> list[date]:
    """The settlement days that have a statement, the latest first."""
    return [row[0] for row in await (await connection.execute(_DAYS, [store_id])).fetchall()]
