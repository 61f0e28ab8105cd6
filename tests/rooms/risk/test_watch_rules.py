"""The hourly watch speaks where an hour looks like scalping, and is silent where shops are only busy."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from yongquan.risk.cases.model import CASE_MOVES
from yongquan.risk.tips.model import TIP_MOVES, NewTip, read_receipt, receipt_from
from yongquan.risk.watching.model import ALERT_MOVES, Rule, Sale, ShopHour
from yongquan.risk.watching.rules import ALERT_SCORE, judge
from yongquan.risk.watching.wording import SENTENCES, said_of

NOON = datetime(2022, 2, 15, 4, 0, tzinfo=UTC)


def sale(n: int, **facts: object) -> Sale:
    usual: dict[str, object] = {
        "payment_id": UUID(int=n),
        "citizen_id": UUID(int=1_000 + n),
        "at": NOON + timedelta(minutes=4 * n),
        "amount_fen": 6_137 + 311 * n,
        "voucher_fen": 1_000,
        "threshold_fen": 5_000,
        "claimed_at": NOON - timedelta(hours=3),
    }
    return Sale(**usual | facts)  # type: ignore[arg-type]


def hour(*sales: Sale, earlier: tuple[Sale, ...] = (), **facts: object) -> ShopHour:
    usual: dict[str, object] = {"age_days": 400, "past_daily_milli": 20_000}
    return ShopHour(
        store_id=UUID(int=1),
        adcode="330203",
        day=date(2022, 2, 15),
        hour=12,
        sales=sales,
        day_sales=(*earlier, *sales),
        **usual | facts,  # type: ignore[arg-type]
    )


def rules_of(judged: ShopHour) -> set[Rule]:
    return {finding.rule for finding in judge(judged)[1]}


PLAIN = tuple(sale(50 + n, voucher_fen=0, at=NOON - timedelta(hours=1, minutes=-n)) for n in range(4))


def test_a_busy_honest_hour_gives_no_alert() -> None:
    busy = hour(*(sale(n) for n in range(12)), earlier=PLAIN)

    assert judge(busy) == (0, [])


def test_a_shop_where_scalpers_turn_vouchers_into_money_is_found() -> None:
    at_once = [
        sale(n, amount_fen=5_000, at=NOON + timedelta(seconds=6 * n), claimed_at=NOON - timedelta(minutes=2))
        for n in range(10)
    ]

    score, findings = judge(hour(*at_once))

    assert score >= 2 * ALERT_SCORE
    assert {f.rule for f in findings} == {
        Rule.AT_THRESHOLD,
        Rule.ALL_VOUCHERS,
        Rule.ROUND_AMOUNTS,
        Rule.SPEED,
        Rule.FRESH_CLAIMS,
    }


@pytest.mark.parametrize(
    ("judged", "rule"),
    [
        (hour(*(sale(n, amount_fen=5_000 + 10 * n) for n in range(6)), earlier=PLAIN), Rule.AT_THRESHOLD),
        (hour(*(sale(n, amount_fen=6_000 + 1_000 * n) for n in range(5)), earlier=PLAIN), Rule.ROUND_AMOUNTS),
        (hour(*(sale(n, at=NOON + timedelta(seconds=n)) for n in range(4)), earlier=PLAIN), Rule.SPEED),
        (hour(*(sale(n, came_metres=9_000.0, came_seconds=60.0) for n in range(4)), earlier=PLAIN), Rule.FAR_PAYERS),
        (hour(*(sale(n, is_own_person=n < 2) for n in range(5)), earlier=PLAIN), Rule.OWN_PEOPLE),
        (hour(*(sale(n) for n in range(4)), earlier=(*PLAIN, *(sale(n) for n in range(4)))), Rule.SAME_CITIZENS),
        (hour(*(sale(n, is_given_back=n < 3) for n in range(8)), earlier=PLAIN), Rule.CASH_BACK),
        (hour(*(sale(n) for n in range(21)), earlier=PLAIN, age_days=3), Rule.NEW_SHOP),
        (hour(*(sale(n) for n in range(12))), Rule.ALL_VOUCHERS),
    ],
)
def test_each_pattern_is_seen_alone(judged: ShopHour, rule: Rule) -> None:
    assert rules_of(judged) == {rule}


def test_somebody_who_came_slowly_enough_is_not_too_far() -> None:
    near = hour(*(sale(n, came_metres=9_000.0, came_seconds=1_800.0) for n in range(4)), earlier=PLAIN)

    assert rules_of(near) == set()


def test_three_redemptions_are_too_few_to_judge() -> None:
    assert judge(hour(*(sale(n, amount_fen=5_000, at=NOON) for n in range(3)))) == (0, [])


def test_every_finding_is_said_in_both_languages() -> None:
    names = "at of percent with round same minute payers metres payments people again most back today fresh age_days"
    facts = dict.fromkeys([*names.split(), "before_milli"], 7)

    assert set(SENTENCES) == set(Rule)
    assert all("%(" not in sentence for rule in Rule for sentence in said_of(rule, facts))


def test_a_dismissed_alert_can_be_taken_up_again_but_one_in_a_case_stays() -> None:
    moves = {(a.value, b.value) for a, to in ALERT_MOVES.items() for b in to}

    assert ("dismissed", "taken") in moves
    assert not any(a == "in_case" for a, _ in moves)


def test_states_of_cases_and_tips() -> None:
    assert {(a.value, b.value) for a, to in CASE_MOVES.items() for b in to} == {
        ("open", "working"),
        ("working", "proposed"),
        ("working", "closed"),
        ("proposed", "working"),
        ("proposed", "closed"),
        ("closed", "working"),
    }
    assert {(a.value, b.value) for a, to in TIP_MOVES.items() for b in to} == {
        ("received", "looking"),
        ("received", "in_case"),
        ("received", "closed"),
        ("looking", "in_case"),
        ("looking", "closed"),
        ("in_case", "closed"),
    }


def test_a_receipt_is_read_however_it_was_typed() -> None:
    receipt = receipt_from(bytes(range(8)))

    assert read_receipt(receipt.lower().replace("-", " ")) == receipt
    assert read_receipt(receipt[:-1]) == ""
    assert read_receipt("U" * 12) == ""


def test_a_tip_tells_what_is_missing() -> None:
    assert NewTip(kind="", subject="", told="太短", contact="x" * 61).faults() == {
        "kind": "missing",
        "subject": "missing",
        "told": "too_short",
        "contact": "too_long",
    }
