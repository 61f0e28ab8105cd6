"""Gambling shops: their pattern, and honest shops that have a part of it."""

import polars as pl

from yongquan.risk.findings import FindingKind
from yongquan.risk.graph.dealings import Dealings
from yongquan.risk.terminals.gambling import find_gambling

MIDNIGHT_US = 1_645_372_800_000_000
HOUR_US = 3_600_000_000


def takings(*, hour: int, amounts: list[int], payers: int) -> list[dict[str, object]]:
    return [
        {
            "event_id": f"p{n}-{hour}",
            "kind": "payment",
            "at_us": MIDNIGHT_US + hour * HOUR_US + n * 30_000_000,
            "payer": f"c{n % payers}",
            "payee": "shop",
            "amount_fen": amounts[n % len(amounts)],
        }
        for n in range(60)
    ]


def emptied(hour: int, amount_fen: int) -> dict[str, object]:
    at_us = MIDNIGHT_US + hour * HOUR_US
    return {
        "event_id": f"out-{hour}",
        "kind": "transfer",
        "at_us": at_us,
        "payer": "shop",
        "payee": "elsewhere",
        "amount_fen": amount_fen,
    }


def test_night_round_sums_of_new_payers_that_leave_at_once_are_found() -> None:
    rows = takings(hour=1, amounts=[10_000, 50_000, 20_000], payers=60)
    rows.append(emptied(2, sum(int(str(row["amount_fen"])) for row in rows)))

    found = find_gambling(Dealings.of(pl.DataFrame(rows)))

    assert [finding.kind for finding in found] == [FindingKind.GAMBLING_MERCHANT]
    assert {reason.code for reason in found[0].reasons} == {"night", "round", "repeated", "churn", "out"}


def test_a_night_market_is_not_found() -> None:
    rows = takings(hour=1, amounts=[1_250, 2_380, 990, 4_120, 3_300, 1_875, 2_640], payers=60)

    assert find_gambling(Dealings.of(pl.DataFrame(rows))) == []


def test_a_ticket_office_with_round_prices_by_day_is_not_found() -> None:
    rows = takings(hour=10, amounts=[10_000, 15_000], payers=60)

    assert find_gambling(Dealings.of(pl.DataFrame(rows))) == []


def test_few_payments_say_nothing() -> None:
    rows = takings(hour=1, amounts=[10_000], payers=60)[:10]

    assert find_gambling(Dealings.of(pl.DataFrame(rows))) == []
