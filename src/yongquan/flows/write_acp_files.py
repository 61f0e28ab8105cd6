"""A merchant's day as ACP's reconciliation files, once the day is drawn up and nothing joins it any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.flows.order_desk import UNDO
from yongquan.flows.read_acp_outcome import HOLD, HOLD_CANCEL
from yongquan.flows.settle_attempt import LATE
from yongquan.flows.trade_by_acp import AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.day_files import DayLine, zip_of
from yongquan.institutions.acp.transactions import Transaction, transactions_of_orders
from yongquan.institutions.acp.values import pack_file
from yongquan.institutions.views import network_ids
from yongquan.merchants.views import settling_of
from yongquan.payments.clearing import DayState
from yongquan.payments.clearing_store import day_of
from yongquan.payments.day_views import OrderMoved, moved_on
from yongquan.payments.preauths import COMPLETION_CANCELLED
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Connection, Database

ALL_FILES = "00"
MOVES_NOTHING = frozenset({HOLD, HOLD_CANCEL})
SILENT = frozenset({UNDO, COMPLETION_CANCELLED, LATE})


@dataclass(frozen=True, slots=True)
class AcpFiles:
    """Writes files when they are asked for: a drawn day never changes."""

    database: Database
    clock: Clock

    async def day(self, asked: Asked) -> tuple[str, str]:
        """Name and packed content of the day's archive. Raises `AcpRefused` 98 if there is none, 10."""
        if asked.fields["fileType"] != ALL_FILES:
            raise AcpRefused(codes.FORMAT, "fileType")
        day = last_such_day(asked.fields["settleDate"], today=business_day(self.clock.now()))
        store_id, mer_id = asked.merchant.store_id, asked.merchant.number
        if store_id is None:
            raise AcpRefused(codes.MERCHANT)
        async with self.database.transaction() as connection:
            found = await day_of(connection, day)
            if found is None or not found.state.reached(DayState.DRAWN):
                raise AcpRefused(codes.NO_FILE)
            lines = await _lines(connection, mer_id, store_id, day)
        if not lines:
            raise AcpRefused(codes.NO_FILE)
        return f"{mer_id}_{day:%Y%m%d}.zip", pack_file(zip_of(mer_id, day, lines))


def last_such_day(month_day: str, *, today: date) -> date:
    """The last day, today at the latest, that is written MMDD. Raises `AcpRefused` 10."""
    month, day = int(month_day[:2]), int(month_day[2:])
    for year in range(today.year, today.year - 8, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise AcpRefused(codes.FORMAT, "settleDate")


async def asked_of_day(
    connection: Connection, mer_id: str, store_id: UUID, day: date
) -> tuple[dict[str, tuple[UUID, str | None]], set[UUID]]:
    """What a merchant's transactions of a day moved (query id to payment and refund number); payments never told."""
    moved = await moved_on(connection, store_id, day)
    asked = await transactions_of_orders(connection, sorted({one.order_id for one in moved}))
    found = [(one, _transaction_of(one, [t for t in asked if t.mer_id == mer_id])) for one in moved]
    told = {t.query_id: (one.payment_id, one.refund_no) for one, t in found if t is not None}
    return told, _never(found)


async def _lines(connection: Connection, mer_id: str, store_id: UUID, day: date) -> list[DayLine]:
    moved = await moved_on(connection, store_id, day)
    asked = await transactions_of_orders(connection, sorted({one.order_id for one in moved}))
    mcc, acquirer = await settling_of(connection, store_id) or ("", "")
    acquirer = (await network_ids(connection)).get(acquirer, "")
    by_query_id = {t.query_id: t for t in asked}
    found = [(one, _transaction_of(one, [t for t in asked if t.mer_id == mer_id])) for one in moved]
    never = _never(found)
    lines = []
    for one, transaction in found:
        if transaction is not None and one.payment_id not in never:
            original = by_query_id.get(transaction.original_id or "")
            lines.append(_line(one, transaction, original, mcc=mcc, acquirer=acquirer))
    return sorted(lines, key=lambda line: line.query_id)


def _never(found: Sequence[tuple[OrderMoved, Transaction | None]]) -> set[UUID]:
    # What was reversed (99), or paid too late, never was: neither the charge nor its way back is told.
    return {one.payment_id for one, transaction in found if one.refund_no in SILENT and transaction is None}


def _transaction_of(moved: OrderMoved, asked: Sequence[Transaction]) -> Transaction | None:
    """The transaction that moved the money: by its payment where an order has several, else by order and refund."""
    fitting = [
        t
        for t in asked
        if (t.trade_order_id, t.refund_no) == (moved.order_id, moved.refund_no)
        and t.txn_type not in MOVES_NOTHING
        and t.resp_code in {None, codes.OK}
    ]
    exact = [t for t in fitting if t.subject == moved.payment_id.hex]
    return next(iter([*exact, *fitting]), None)


def _line(
    moved: OrderMoved, transaction: Transaction, original: Transaction | None, *, mcc: str, acquirer: str
) -> DayLine:
    return DayLine(
        query_id=transaction.query_id,
        trace_no=transaction.trace_no,
        trace_time=transaction.trace_time,
        order_id=transaction.order_id,
        txn_type=transaction.txn_type,
        txn_sub_type=transaction.txn_sub_type,
        biz_type=transaction.biz_type,
        amount_fen=moved.amount_fen,
        fee_fen=moved.fee_fen,
        account=f"************{moved.pan_tail}",
        mcc=mcc,
        acquirer=acquirer,
        original_query_id=original.query_id if original else "",
        original_trace_no=original.trace_no if original else "",
        original_trace_time=original.trace_time if original else "",
    )
