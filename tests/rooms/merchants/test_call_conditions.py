"""Conditions of a call, one by one; which applications go in bulk; how answers are found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from yongquan.merchants.applications.model import Application, Revision, Risk
from yongquan.merchants.applications.model import State as Stage
from yongquan.merchants.enrolment.conditions import (
    CallConditions,
    CallWindow,
    Condition,
    ShopFacts,
    check_conditions,
    first_unmet,
)
from yongquan.merchants.publications.model import EVERYBODY, PUBLICATION_MOVES, Kind, Publication, PublicationState
from yongquan.merchants.questions.searching import pieces, search_answers
from yongquan.merchants.reviews.bulk import LeftOut, why_left_out
from yongquan.merchants.services.model import BY_SHOP, BY_STAFF, REQUEST_MOVES

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
SHOP = ShopFacts("dining", "330203", "donggang", "91X", True, False, NOW - timedelta(days=40), 12, False)
WINDOW = CallWindow(NOW - timedelta(days=1), NOW + timedelta(days=1), None)
EVERYTHING = CallConditions(("dining",), ("330203",), ("donggang",), True, False, 30, 10)


@pytest.mark.parametrize(
    ("shop", "window", "unmet"),
    [
        ({}, {}, None),
        ({"industry": "lodging"}, {}, Condition.INDUSTRY),
        ({"adcode": "330212"}, {}, Condition.DISTRICT),
        ({"acquirer": "suihe"}, {}, Condition.ACQUIRER),
        ({"licence_no": ""}, {}, Condition.LICENCE),
        ({"licence_stands": False}, {}, Condition.LICENCE_STANDS),
        ({"is_listed": True}, {}, Condition.NOT_LISTED),
        ({"is_open": False}, {}, Condition.STORE_OPEN),
        ({"registered_at": NOW - timedelta(days=29)}, {}, Condition.REGISTERED),
        ({"payments": 9}, {}, Condition.PAYMENTS),
        ({"is_held": True}, {}, Condition.NO_HOLD),
        ({}, {"places_left": 0}, Condition.PLACES_LEFT),
        ({}, {"closes_at": NOW}, Condition.SIGN_UP_OPEN),
        ({}, {"opens_at": NOW, "places_left": 1}, None),
    ],
)
def test_each_condition_is_found_by_itself(
    shop: dict[str, object], window: dict[str, object], unmet: Condition | None
) -> None:
    findings = check_conditions(
        EVERYTHING,
        replace(WINDOW, **window),  # type: ignore[arg-type]
        replace(SHOP, **shop),  # type: ignore[arg-type]
        now=NOW,
    )

    found = first_unmet(findings)

    assert (found.condition if found else None) is unmet
    assert [finding.condition for finding in findings if not finding.is_met] == ([unmet] if unmet else [])


def test_what_is_not_asked_is_not_told() -> None:
    told = {
        finding.condition for finding in check_conditions(CallConditions(needs_licence=False), WINDOW, SHOP, now=NOW)
    }

    assert told == {Condition.SIGN_UP_OPEN, Condition.STORE_OPEN, Condition.NO_HOLD, Condition.NOT_LISTED}


def application(**facts: object) -> Application:
    plain = Application(
        uuid4(), uuid4(), Stage.IN_REVIEW, 1, "91X", "店", "dining", "330203", Risk.ORDINARY,
        NOW, NOW, NOW, NOW, 0, None, None, None, None,
    )  # fmt: skip
    return replace(plain, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "revision", "why"),
    [
        ({}, {}, None),
        ({"claimed_by": "staff:me", "claimed_until": NOW + timedelta(minutes=1)}, {}, None),
        ({"claimed_by": "staff:other", "claimed_until": NOW}, {}, None),
        ({"claimed_by": "staff:other", "claimed_until": NOW + timedelta(minutes=1)}, {}, LeftOut.HELD),
        ({"risk": Risk.RAISED}, {}, LeftOut.RISKY),
        ({"state": Stage.APPEALED, "risk": Risk.BARRED}, {}, LeftOut.APPEALED),
        ({"state": Stage.SECOND_REVIEW}, {}, LeftOut.SECOND),
        ({"state": Stage.OPEN}, {}, LeftOut.NOT_WAITING),
        ({}, {"findings": ["other_address"]}, LeftOut.FINDINGS),
        ({}, {"links": [{"identity": "x"}]}, LeftOut.LINKED),
    ],
)
def test_bulk_leaves_out_with_its_first_reason(
    facts: dict[str, object], revision: dict[str, object], why: LeftOut | None
) -> None:
    sent = replace(Revision(1, {}, NOW, NOW), **revision)  # type: ignore[arg-type]

    assert why_left_out(application(**facts), [sent], actor="staff:me", now=NOW) is why


def answer(title: str, body: str) -> Publication:
    return Publication(
        UUID(int=len(title)), Kind.ANSWER, PublicationState.PUBLISHED, "operator", title, "", body, "",
        EVERYBODY, None, None, "staff:1", NOW, None, "", NOW, None,
    )  # fmt: skip


def test_answers_are_found_by_pairs_of_letters_the_best_first() -> None:
    arrival, code = answer("补贴什么时候到账", "次日到账"), answer("收款码丢了怎么办呢", "到账不受影响")

    assert search_answers([code, arrival], "补贴到账") == [arrival]
    assert search_answers([arrival, code], "到账") == [arrival, code]
    assert search_answers([arrival, code], "贷款") == []
    assert search_answers([arrival, code], "  ") == [arrival, code]
    assert pieces("ＡＢＣ 到账") == {"abc", "到账"}


def test_ends_are_ends_and_shop_and_staff_share_no_step() -> None:
    assert PUBLICATION_MOVES[PublicationState.WITHDRAWN] == frozenset()
    assert frozenset() == BY_SHOP & BY_STAFF
    assert {to for moves in REQUEST_MOVES.values() for to in moves} == BY_SHOP | BY_STAFF
