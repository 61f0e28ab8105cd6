"""What a rule book would have done to the payments of the last days, before anybody approves it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from yongquan.payments.replaying import PaidWith, newest_paid
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.rules.backtest import Backtest, JudgedRow
from yongquan.risk.rules.judging import CompiledBook

PAYMENTS_MAX: Final = 10_000
DAYS: Final = (1, 7, 30)
SHOPS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Tried:
    """Business days judged, both included; `is_cut` if there were more payments than are judged."""

    first: date
    last: date
    is_cut: bool
    found: dict[str, Any]


async def try_rule_book(connection: Connection, book: CompiledBook, *, days: int, now: datetime) -> Tried:
    """Judge the payments of the last `days` business days, this one included, by what came before them there."""
    last = business_day(now)
    first = last - timedelta(days=days - 1)
    paid = await newest_paid(connection, first, last, most=PAYMENTS_MAX)
    # A second of work for ten thousand payments: claims and payments go on meanwhile.
    found = await asyncio.to_thread(_judge, book, paid)
    return Tried(first, last, len(paid) == PAYMENTS_MAX, found)


def _judge(book: CompiledBook, paid: Sequence[PaidWith]) -> dict[str, Any]:
    test = Backtest(book)
    test.run(_rows(paid))
    return test.document(has_labels=False, top=SHOPS_SHOWN)


def _rows(paid: Sequence[PaidWith]) -> Iterator[JudgedRow]:
    for one in paid:
        parties = {
            Entity.CITIZEN: str(one.citizen_id),
            Entity.CARD: str(one.instrument_id),
            Entity.STORE: str(one.store_id),
        }
        yield JudgedRow(
            RiskEvent(
                event_id=one.payment_id,
                kind=EventKind.PAYMENT,
                at=one.begun_at,
                parties=parties,
                amount_fen=one.amount_fen,
                voucher_fen=one.discount_fen,
            )
        )
