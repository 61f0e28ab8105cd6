"""A day's verdicts computed again from the events kept with them, and compared with what was answered.

Features are counted afresh, event by event in the order of the judging line, from the thirty days before; lists are
those that each verdict names, rules those of the version it names. With one cell everything must be equal. With more,
parties at home elsewhere were counted a moment later: there the numbers that were read are taken as they are. Claims
and refunds of which nothing was said must be silent again; with more cells than one their numbers are not known.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.risk.features.model import Feature
from yongquan.risk.features.timeline import Timeline
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.verdicts.deciding import decide
from yongquan.risk.verdicts.record import RuleSaid, Verdict, VerdictState, numbers_read, rule_json, rules_said
from yongquan.risk.verdicts.silent_store import silent_between
from yongquan.risk.verdicts.store import verdicts_between

LONGEST = timedelta(days=31)
PAGE = 5_000
_FIRST = (-1, UUID(int=0))

BooksOf = Callable[[set[str]], Awaitable[Mapping[str, CompiledBook]]]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replayed verdict is not the live one."""

    verdict_id: UUID
    what: str
    live: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it. `unjudged` are events that risk gave no verdict about."""

    day: date
    verdicts: int
    unjudged: int
    actions: dict[str, int]
    differences: tuple[Difference, ...]


async def replay_day(database: Database, day: date, *, cells: int, books_of: BooksOf) -> Replay:
    """Replay one business day of all cells; `books_of` finds the rule books of the versions that verdicts cite."""
    differences: list[Difference] = []
    actions: dict[str, int] = {}
    verdicts = unjudged = 0
    for cell in range(cells):
        async with database.transaction() as connection:
            kept = await _kept(connection, cell, day)
            if cells == 1:
                kept += await _silent(connection, cell, day)
        books = await books_of({version for verdict in kept if _is_of(verdict, day) for version in _versions(verdict)})
        for verdict, found in _replayed(kept, day, books, counts_afresh=cells == 1):
            verdicts += 1
            actions[verdict.action.value] = actions.get(verdict.action.value, 0) + 1
            differences += found
        unjudged += sum(1 for v in kept if v.state is VerdictState.UNJUDGED and _is_of(v, day))
    return Replay(day, verdicts, unjudged, actions, tuple(differences))


async def _kept(connection: Connection, cell: int, day: date) -> list[Verdict]:
    kept: list[Verdict] = []
    while page := await verdicts_between(
        connection,
        cell,
        (day - LONGEST, day),
        after=(kept[-1].batch_no, kept[-1].verdict_id) if kept else _FIRST,
        limit=PAGE,
    ):
        kept += page
    return kept


async def _silent(connection: Connection, cell: int, day: date) -> list[Verdict]:
    silent: list[Verdict] = []
    after: tuple[date, int] | None = (date.min, -1)
    while after is not None:
        page, after = await silent_between(connection, cell, (day - LONGEST, day), after=after, limit=PAGE)
        silent += page
    return silent


def _replayed(
    kept: Sequence[Verdict], day: date, books: Mapping[str, CompiledBook], *, counts_afresh: bool
) -> Iterator[tuple[Verdict, list[Difference]]]:
    """Each verdict of the day with its differences. Within a batch all are judged before any is recorded."""
    steps = [(v.batch_no, 0, v) for v in kept if v.state is not VerdictState.UNJUDGED and _is_of(v, day)]
    steps += [(_recorded_in(v), 1, v) for v in kept if v.lets_through]
    timeline = Timeline()
    for _, does_record, verdict in sorted(steps, key=lambda step: step[:2]):
        if does_record:
            timeline.add(verdict.event)
        else:
            yield verdict, _compare(verdict, timeline if counts_afresh else None, books)


def _compare(live: Verdict, timeline: Timeline | None, books: Mapping[str, CompiledBook]) -> list[Difference]:
    if missing := [version for version in _versions(live) if version not in books]:
        return [Difference(live.verdict_id, "book", missing[0], "unknown")]
    known = {version: books[version] for version in _versions(live)}
    book = known.get(live.book_version)
    shadows = [other for version, other in known.items() if version != live.book_version]
    features = {f for one in known.values() for f in one.features_for(live.event.kind)}
    values = timeline.values(live.event, features) if timeline is not None else _as_read(live, features)
    is_done = live.state is VerdictState.AFTER
    decision = decide(live.event, values, live.listed, book, shadows, is_attended=live.is_attended, is_done=is_done)
    pairs = (
        ("action", live.action.value, decision.action.value),
        ("numbers", dict(live.numbers), numbers_read(values)),
        ("rules", _told(live.rules), _told(rules_said(decision.judgement))),
        ("retry_at", live.retry_at, decision.retry_at),
    )
    return [
        Difference(live.verdict_id, what, str(was), str(now))
        for what, was, now in pairs
        if was != now and not (live.is_silent and what == "numbers")  # the numbers it read are not kept
    ]


def _versions(verdict: Verdict) -> list[str]:
    return [version for version in (verdict.book_version, *verdict.shadow_versions) if version]


def _as_read(verdict: Verdict, features: set[Feature]) -> dict[Feature, int]:
    return {feature: verdict.numbers[feature.name] for feature in features if feature.name in verdict.numbers}


def _told(rules: Sequence[RuleSaid]) -> list[dict[str, Any]]:
    return [rule_json(rule) for rule in rules]


def _recorded_in(verdict: Verdict) -> int:
    return verdict.batch_no if verdict.waived_batch is None else verdict.waived_batch


def _is_of(verdict: Verdict, day: date) -> bool:
    return business_day(verdict.event.at) == day
