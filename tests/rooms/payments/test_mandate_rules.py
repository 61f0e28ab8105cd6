"""What a mandate allows, and when a failed debit is tried again."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from yongquan.payments.mandates import (
    COLLECTION_MOVES,
    MANDATE_MOVES,
    CollectionState,
    Cycle,
    Mandate,
    MandateRefused,
    MandateState,
    Scene,
    Terms,
    Used,
    check_terms,
    cycle_key,
    due_after_notice,
    next_try,
    require_within,
)

NOON = datetime(2022, 2, 15, 4, 0, tzinfo=UTC)
TODAY = date(2022, 2, 15)
TERMS = Terms(
    purpose="水费",
    scene=Scene.UTILITIES,
    cycle=Cycle.MONTH,
    debit_max_fen=10_000,
    cycle_max_fen=15_000,
    starts_on=TODAY,
    ends_on=date(2022, 3, 1),
    cycle_times=2,
    notice_hours=24,
    tries=3,
    try_every_hours=6,
)
MANDATE = Mandate(
    mandate_id=UUID(int=1),
    store_id=UUID(int=2),
    contract_no="C-1",
    payee_name="水务",
    citizen_id=UUID(int=3),
    instrument_id=UUID(int=4),
    issuer="chaoxin",
    card_tail="0001",
    terms=TERMS,
    state=MandateState.ACTIVE,
    reason="",
    revoked_by="",
    body_hash=UUID(int=5),
    facts={},
    asked_at=NOON,
    signed_at=NOON,
    ended_at=None,
)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"purpose": ""}, "purpose"),
        ({"debit_max_fen": 0}, "debit_max_fen"),
        ({"cycle_max_fen": 9_999}, "cycle_max_fen"),
        ({"cycle_times": 0}, "cycle_times"),
        ({"starts_on": date(2022, 3, 2)}, "starts_on"),
        ({"ends_on": date(2030, 1, 1)}, "ends_on"),
        ({"notice_hours": 200}, "notice_hours"),
        ({"tries": 6}, "tries"),
        ({"try_every_hours": 0}, "try_every_hours"),
    ],
)
def test_terms_that_cannot_be_are_named(changed: dict[str, object], wrong: str) -> None:
    with pytest.raises(MandateRefused) as refused:
        check_terms(replace(TERMS, **changed), allowed=frozenset({Scene.UTILITIES}), today=TODAY)  # type: ignore[arg-type]

    assert (refused.value.reason, refused.value.facts["fields"]) == ("bad_terms", [wrong])


def test_a_payee_without_the_scene_is_refused() -> None:
    with pytest.raises(MandateRefused) as refused:
        check_terms(TERMS, allowed=frozenset({Scene.PARKING}), today=TODAY)

    assert refused.value.reason == "scene_not_allowed"


@pytest.mark.parametrize(
    ("mandate", "fen", "on", "used", "reason"),
    [
        (MANDATE, 10_001, TODAY, Used(), "over_debit_limit"),
        (MANDATE, 0, TODAY, Used(), "bad_amount"),
        (MANDATE, 6_000, TODAY, Used(1, 9_001), "over_cycle_limit"),
        (MANDATE, 1, TODAY, Used(2, 2), "too_often"),
        (MANDATE, 1, date(2022, 3, 2), Used(), "out_of_term"),
        (replace(MANDATE, state=MandateState.REVOKED), 1, TODAY, Used(), "revoked"),
        (replace(MANDATE, state=MandateState.ASKED), 1, TODAY, Used(), "not_active"),
    ],
)
def test_a_debit_outside_its_mandate_is_refused(mandate: Mandate, fen: int, on: date, used: Used, reason: str) -> None:
    with pytest.raises(MandateRefused) as refused:
        require_within(mandate, fen, on=on, used=used)

    assert refused.value.reason == reason


def test_a_debit_at_every_limit_is_allowed() -> None:
    require_within(MANDATE, 5_000, on=TERMS.ends_on, used=Used(1, 10_000))


def test_only_passing_reasons_are_tried_again_within_tries_and_term() -> None:
    assert next_try(TERMS, tries=1, bank_code="51", now=NOON) == NOON + timedelta(hours=6)
    assert next_try(TERMS, tries=3, bank_code="51", now=NOON) is None
    assert next_try(TERMS, tries=1, bank_code="M2", now=NOON) is None
    assert next_try(TERMS, tries=1, bank_code="14", now=NOON) is None
    assert next_try(TERMS, tries=1, bank_code="51", now=datetime(2022, 3, 1, 12, 0, tzinfo=UTC)) is None


def test_no_debit_is_due_before_the_notice_has_run() -> None:
    assert due_after_notice(TERMS, wanted=None, now=NOON) == NOON + timedelta(hours=24)
    assert due_after_notice(TERMS, wanted=NOON + timedelta(days=3), now=NOON) == NOON + timedelta(days=3)


def test_cycles_begin_anew_by_the_calendar() -> None:
    named = {cycle.value: cycle_key(cycle, date(2022, 1, 1)) for cycle in Cycle}

    assert named == {
        "none": "term",
        "day": "2022-01-01",
        "week": "2021-W52",
        "month": "2022-01",
        "quarter": "2022-Q1",
        "year": "2022",
    }


def test_ended_mandates_and_debits_lead_nowhere() -> None:
    assert {state for state in MandateState if not MANDATE_MOVES[state]} == {
        MandateState.REFUSED,
        MandateState.REVOKED,
        MandateState.EXPIRED,
    }
    assert {state for state in CollectionState if not COLLECTION_MOVES[state]} == {
        CollectionState.SUCCEEDED,
        CollectionState.FAILED,
        CollectionState.CANCELLED,
    }
