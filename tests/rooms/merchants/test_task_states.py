"""What may become of a task and of a provider: every step that is published, and no other."""

import itertools
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import named_id
from yongquan.merchants.providers.course import QUESTIONS, score_of, valid_until
from yongquan.merchants.providers.model import (
    PROVIDER_STEPS,
    ForbiddenProviderStep,
    ProviderState,
    ProviderStep,
    next_provider_state,
)
from yongquan.merchants.tasks.model import (
    APPEAL_STEPS,
    TASK_STEPS,
    ForbiddenTaskStep,
    NoteMissing,
    TaskKind,
    TaskState,
    TaskStep,
    checked_note,
    next_task_state,
)
from yongquan.merchants.tasks.planning import (
    VisitedShop,
    deal,
    due_day,
    is_due,
    plan_visits,
    visits_of,
)
from yongquan.web import field_words

DOCUMENT = Path(__file__).parents[3] / "docs/providers.md"
TODAY = date(2022, 2, 21)


def shop(number: int, industry: str = "dining", *, hardship: bool = False, visited: bool = False) -> VisitedShop:
    return VisitedShop(named_id("shop", number), industry, hardship, visited)


@pytest.mark.parametrize(("state", "step"), list(itertools.product(TaskState, TaskStep)))
def test_a_visit_takes_the_published_steps_only(state: TaskState, step: TaskStep) -> None:
    if (state, step) in TASK_STEPS and step is not TaskStep.DECIDE:
        assert next_task_state(TaskKind.INSPECTION, state, step) is TASK_STEPS[state, step]
    else:
        with pytest.raises(ForbiddenTaskStep):
            next_task_state(TaskKind.INSPECTION, state, step)


@pytest.mark.parametrize(("state", "step"), list(itertools.product(TaskState, TaskStep)))
def test_an_appeal_is_decided_or_cancelled_and_nothing_else(state: TaskState, step: TaskStep) -> None:
    if (state, step) in TASK_STEPS and step in APPEAL_STEPS:
        assert next_task_state(TaskKind.PAY_APPEAL, state, step) in {TaskState.CHECKED, TaskState.CANCELLED}
    else:
        with pytest.raises(ForbiddenTaskStep):
            next_task_state(TaskKind.PAY_APPEAL, state, step)


@pytest.mark.parametrize(("state", "step"), list(itertools.product(ProviderState, ProviderStep)))
def test_a_provider_takes_the_published_steps_only(state: ProviderState, step: ProviderStep) -> None:
    if (state, step) in PROVIDER_STEPS:
        assert next_provider_state(state, step) is PROVIDER_STEPS[state, step]
    else:
        with pytest.raises(ForbiddenProviderStep):
            next_provider_state(state, step)


def test_the_tables_are_published() -> None:
    text = DOCUMENT.read_text()

    rows = [
        f"| `{state}` | `{step}` | `{to}` |" for (state, step), to in (*TASK_STEPS.items(), *PROVIDER_STEPS.items())
    ]
    assert [row for row in rows if row not in text] == []


def test_pages_have_words_for_everything() -> None:
    assert set(field_words.TASK_KINDS) == set(TaskKind)
    assert set(field_words.TASK_STATES) == set(TaskState)
    assert set(field_words.TASK_STEPS) == {*TaskStep, "plan"}
    assert set(field_words.PROVIDER_STATES) == set(ProviderState)
    assert set(field_words.PROVIDER_STEPS) == set(ProviderStep)


def test_steps_that_must_say_why_do() -> None:
    assert checked_note(TaskStep.RETURN, " 照片不清 ") == "照片不清"
    assert checked_note(TaskStep.ACCEPT, "") == ""
    with pytest.raises(NoteMissing):
        checked_note(TaskStep.RETURN, "  ")
    with pytest.raises(NoteMissing):
        checked_note(TaskStep.ACCEPT, "长" * 501)


def test_a_shop_is_visited_as_often_in_a_quarter_as_its_rhythm_says() -> None:
    shops = [shop(n, industry, hardship=n % 5 == 0) for n in range(60) for industry in ("dining", "lodging")]

    visits = {one: sum(is_due(one, f"2022-{month:02d}") for month in (4, 5, 6)) for one in shops}

    assert {one: visits_of(one.industry, hardship=one.hardship)[0] for one in shops} == visits


def test_a_plan_is_the_same_again_and_its_days_lie_ahead() -> None:
    shops = [shop(n, visited=n % 2 == 0) for n in range(200)]

    planned = plan_visits(shops, "2022-02", TODAY)

    assert planned == plan_visits(shops[::-1], "2022-02", TODAY)[::-1]
    assert {date(2022, 2, 24) <= task.due_day <= date(2022, 2, 28) for task in planned} == {True}
    visited = {one.store_id: one.was_visited for one in shops}
    assert {(task.kind is TaskKind.INSPECTION) == visited[task.store_id] for task in planned if task.store_id} == {True}


def test_the_last_day_of_a_month_is_late_enough() -> None:
    assert due_day(UUID(int=77), "2022-02", date(2022, 2, 28)) == date(2022, 2, 28)


def test_work_is_dealt_evenly_and_the_same_for_the_same_facts() -> None:
    people = [named_id("person", n) for n in range(3)]
    work = {"a": 90, "b": 60, "c": 60, "d": 30, "e": 30}

    dealt = deal(work, people)

    loads = sorted(sum(work[code] for code, who in dealt.items() if who == person) for person in people)
    assert loads == [90, 90, 90]
    assert deal(dict(reversed(work.items())), people[::-1]) == dealt
    assert deal(work, []) == {}


def test_eight_of_ten_answers_pass_for_a_year() -> None:
    right = [question.right for question in QUESTIONS]
    wrong = [(answer + 1) % 3 for answer in right]

    assert score_of(right) == 100
    assert valid_until(score_of(right[:8] + wrong[8:]), TODAY) == date(2023, 2, 21)
    assert valid_until(score_of(right[:7] + wrong[7:]), TODAY) is None
    with pytest.raises(BadInput):
        score_of(right[:9])
