"""Risk's verdict about an event: what lists and rules say of it, kept with all it rests on, in one commit a batch.

A cell's events stand in one line, whatever process judges them: features are read after the commit of every event
before, and what is let through is recorded with its verdict. So with one cell a verdict sees exactly what was let
through before it, and `replay_verdicts` can say the same again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import psycopg
import structlog

from yongquan.flows.recall_past import recall
from yongquan.kernel.errors import Outage
from yongquan.plumbing.batcher import Batcher, BatchKind
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.metrics import observe_risk, observe_verdicts
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature
from yongquan.risk.features.store import record_events, recorded_of
from yongquan.risk.features.wave_store import read_wave
from yongquan.risk.lists.book import ListBook
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.verdicts import store
from yongquan.risk.verdicts.deciding import decide
from yongquan.risk.verdicts.model import Action
from yongquan.risk.verdicts.record import Verdict, VerdictState, numbers_read, rules_said
from yongquan.risk.verdicts.silent_store import insert_silent

ANSWERS_WITHIN_S = 2.0
UNJUDGED_MAX = 10_000

log = structlog.get_logger(__name__)


class BooksInForce(Protocol):
    """The rule books that judge now: the live one, and those that only watch."""

    @property
    def live(self) -> CompiledBook | None: ...
    @property
    def shadows(self) -> tuple[CompiledBook, ...]: ...


@dataclass(frozen=True, slots=True)
class Books:
    """The books that a whole batch is judged by."""

    live: CompiledBook | None
    shadows: tuple[CompiledBook, ...] = ()

    def features(self, event: RiskEvent) -> tuple[Feature, ...]:
        """What this event's rules read, live and in shadow."""
        return _features((*((self.live,) if self.live is not None else ()), *self.shadows), event.kind)

    def facts(self, kind: EventKind) -> frozenset[str]:
        """The facts that rules about this kind of event read, live and in shadow."""
        return _facts((*((self.live,) if self.live is not None else ()), *self.shadows), kind)


@lru_cache(maxsize=64)
def _facts(books: tuple[CompiledBook, ...], kind: EventKind) -> frozenset[str]:
    return frozenset(name for book in books for name in book.facts_for(kind))


@lru_cache(maxsize=64)
def _features(books: tuple[CompiledBook, ...], kind: EventKind) -> tuple[Feature, ...]:
    """In one order for as long as the books are in force, so that one prepared statement reads them."""
    return tuple(sorted({f for book in books for f in book.features_for(kind)}, key=lambda f: f.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An event to judge. `subject` names what is asked for, so that asking again meets the same verdict.

    `is_proven`: the one-time code that an earlier verdict asked for was given back. `is_attended`: a person is there to
    be asked for one. `is_committed_after`: who is let through does nothing before a durable commit of its own on this
    database, which makes the verdict durable too. `branch` is the division whose lists count beside headquarters'.
    `is_done`: it has happened, and nobody waits for the verdict.
    """

    event: RiskEvent
    subject: UUID
    bucket: int
    branch: str | None = None
    is_proven: bool = False
    is_attended: bool = True
    is_committed_after: bool = False
    is_done: bool = False


class RiskDown(Outage):
    """Risk gave no verdict in time, or could not."""


@dataclass(slots=True)
class RiskDesk:
    """Judges events for all cells of a process."""

    database: Database
    clock: Clock
    lists: ListBook
    books: BooksInForce
    cells: int
    answers_within_s: float = ANSWERS_WITHIN_S
    _lines: dict[int, Batcher[Asked, Verdict]] = field(default_factory=dict)
    _unjudged: list[tuple[int, Verdict]] = field(default_factory=list)

    def books_now(self) -> Books:
        """The books in force at this moment, to judge a whole batch by."""
        return Books(self.books.live, self.books.shadows)

    async def judge(self, asked: Asked) -> Verdict:
        """The verdict after its commit. Raises `RiskDown`."""
        started = time.perf_counter()
        cell = asked.bucket % self.cells
        line = self._lines.get(cell) or self._open_line(cell)
        try:
            return await asyncio.wait_for(line.submit(asked), self.answers_within_s)
        except Exception as error:
            log.warning("risk_down", error=str(error) or type(error).__name__, asked=str(asked.event.event_id))
            raise RiskDown("risk gave no verdict") from error
        finally:
            observe_risk(time.perf_counter() - started)

    async def judge_done(self, connection: Connection, cell: int, items: Sequence[Asked]) -> list[Verdict]:
        """Judge what has happened already (`is_done`), in the caller's transaction; each event id once, ever.

        Takes the cell's place in the judging line to the commit. What says nothing is kept by batch, without a verdict
        of its own. Returns the verdicts of events that were new.
        """
        books = self.books_now()
        cut = waves(items, books.features)
        first = await store.turn_line(connection, cell, len(cut))
        known = await recorded_of(connection, cell, [asked.event.event_id for asked in items])
        fresh: list[Verdict] = []
        for number, wave in enumerate(cut, start=first):
            new = [asked for asked in wave if asked.event.event_id not in known]
            if not new:
                continue
            read = await self._read(connection, cell, new, books=books)
            given = [self._judge_one(a, values, number, books=books) for a, values in zip(new, read, strict=True)]
            await record_events(connection, [verdict.event for verdict in given], cells=self.cells)
            fresh += given
        if spoken := [verdict for verdict in fresh if not verdict.is_silent]:
            await store.insert_verdicts(connection, cell, spoken)
        await insert_silent(connection, cell, (verdict for verdict in fresh if verdict.is_silent))
        observe_verdicts((v.event.kind.value, v.action.value) for v in fresh)
        return fresh

    def note_unjudged(self, asked: Asked, action: Action) -> None:
        """Remember what the declared behaviour answered, to be kept once the database takes it."""
        observe_verdicts([(asked.event.kind.value, "unjudged")])
        if len(self._unjudged) < UNJUDGED_MAX:
            verdict = _verdict(asked, batch_no=0, action=action, state=VerdictState.UNJUDGED)
            self._unjudged.append((asked.bucket % self.cells, verdict))

    async def sweep(self) -> int:
        """Keep the events that went by unjudged; how many."""
        waiting, self._unjudged = self._unjudged, []
        kept = 0
        for cell in sorted({cell for cell, _ in waiting}):
            of_cell = [verdict for at, verdict in waiting if at == cell]
            try:
                async with self.database.transaction() as connection:
                    batch_no = await store.turn_line(connection, cell)
                    await store.insert_verdicts(connection, cell, [replace(v, batch_no=batch_no) for v in of_cell])
                    through = [v.event for v in of_cell if v.lets_through]
                    await record_events(connection, through, cells=self.cells)
                kept += len(of_cell)
            except psycopg.OperationalError:
                self._unjudged += [(cell, verdict) for verdict in of_cell]
            except psycopg.Error:
                # The memory of lists and rules is renewed beside this: it must go on.
                log.exception("unjudged_lost", cell=cell, verdicts=len(of_cell))
        return kept

    async def close(self) -> None:
        for line in self._lines.values():
            await line.close()

    def _open_line(self, cell: int) -> Batcher[Asked, Verdict]:
        async def run(connection: Connection, items: Sequence[Asked]) -> Sequence[Verdict]:
            return await self._judge_batch(connection, cell, items)

        kind = BatchKind(f"risk-{cell}", run, lambda asked: asked.subject, limit=100)
        self._lines[cell] = Batcher(self.database, kind)
        return self._lines[cell]

    async def _judge_batch(self, connection: Connection, cell: int, items: Sequence[Asked]) -> Sequence[Verdict]:
        given: dict[UUID, Verdict] = {}
        books = self.books_now()  # new ones may come while features are read
        cut = waves(items, books.features)
        async with connection.transaction():
            batch_no = await store.turn_line(connection, cell, len(cut))
            # Read after the line is taken: what others judged before is committed.
            last = await store.last_verdicts(connection, cell, [asked.subject for asked in items])
            for number, wave in enumerate(cut, start=batch_no):
                given |= await self._judge_wave(connection, cell, wave, number, last=last, books=books)
            # No wave reads the verdicts of another, so they are kept together.
            known = {verdict.verdict_id for verdict in last.values()}
            fresh = [verdict for verdict in given.values() if verdict.verdict_id not in known]
            if fresh:
                await store.insert_verdicts(connection, cell, fresh)
            verdicts = [given[asked.subject] for asked in items]
            if all(a.is_committed_after and v.lets_through for a, v in zip(items, verdicts, strict=True)):
                await store.keep_with_next_commit(connection)
        observe_verdicts((v.event.kind.value, v.action.value) for v in verdicts)
        return verdicts

    async def _judge_wave(
        self,
        connection: Connection,
        cell: int,
        wave: Sequence[Asked],
        batch_no: int,
        *,
        last: Mapping[UUID, Verdict],
        books: Books,
    ) -> dict[UUID, Verdict]:
        standing = {subject: stands for asked in wave if (subject := asked.subject) in last
                    and (stands := _as_it_stands(last[subject], asked, now=self.clock.now())) is not None}  # fmt: skip
        new = [asked for asked in wave if asked.subject not in standing]
        new = await recall(connection, cell, new, facts_of=books.facts)
        fresh = [
            self._judge_one(asked, values, batch_no, books=books)
            for asked, values in zip(new, await self._read(connection, cell, new, books=books), strict=True)
        ]
        waived = [v for v in standing.values() if v.waived_at is not None and v is not last[v.subject]]
        if waived:
            ids = [verdict.verdict_id for verdict in waived]
            await store.waive(connection, cell, ids, batch_no=batch_no, now=self.clock.now())
        through = [v.event for v in (*fresh, *waived) if v.lets_through]
        if through:
            await record_events(connection, through, cells=self.cells)
        return standing | {verdict.subject: verdict for verdict in fresh}

    async def _read(
        self, connection: Connection, cell: int, new: Sequence[Asked], *, books: Books
    ) -> list[Mapping[Feature, int]]:
        """What the rules read of each event's past: one call for the events of a kind."""
        read: dict[int, Mapping[Feature, int]] = {}
        for kind in EventKind:
            places = [n for n, asked in enumerate(new) if asked.event.kind is kind]
            if places:
                events = [new[n].event for n in places]
                values = await read_wave(connection, cell, events, books.features(events[0]), cells=self.cells)
                read.update(zip(places, values, strict=True))
        return [read[n] for n in range(len(new))]

    def _judge_one(self, asked: Asked, values: Mapping[Feature, int], batch_no: int, *, books: Books) -> Verdict:
        event = asked.event
        entries = self.lists.hits(event.parties, at=event.at, branch=asked.branch)
        decision = decide(
            event, values, entries, books.live, books.shadows, is_attended=asked.is_attended, is_done=asked.is_done
        )
        state = VerdictState.AFTER if asked.is_done else VerdictState.GIVEN
        return replace(
            _verdict(asked, batch_no=batch_no, action=decision.action, state=state),
            numbers=numbers_read(values),
            listed=entries,
            rules=rules_said(decision.judgement),
            book_version=books.live.version if books.live is not None else "",
            shadow_versions=tuple(book.version for book in books.shadows),
            list_version=self.lists.version,
            retry_at=decision.retry_at,
        )


def waves(items: Iterable[Asked], features_of: Callable[[RiskEvent], Sequence[Feature]]) -> list[list[Asked]]:
    """Cut a batch so that in a wave nobody's past, as rules read it, changes by another event of the wave."""
    cut: list[list[Asked]] = []
    met: list[set[tuple[Entity, str]]] = []
    for asked in items:
        read = {feature.party for feature in features_of(asked.event)}
        parties = {(party, value) for party, value in asked.event.parties.items() if party in read}
        # After every wave that holds one of its parties, so that their order stays.
        place = max((n + 1 for n, seen in enumerate(met) if not parties.isdisjoint(seen)), default=0)
        if place == len(cut):
            cut.append([])
            met.append(set())
        cut[place].append(asked)
        met[place] |= parties
    return cut


def _as_it_stands(last: Verdict, asked: Asked, *, now: datetime) -> Verdict | None:
    """The last verdict, if it still holds or has just been met; None if the event is to be judged anew."""
    if last.lets_through:
        return last
    if last.action is Action.STEP_UP and last.state is VerdictState.GIVEN:
        return replace(last, state=VerdictState.WAIVED, waived_at=now) if asked.is_proven else last
    if last.action is Action.DELAY and last.state is VerdictState.GIVEN and last.retry_at is not None:
        return replace(last, state=VerdictState.WAIVED, waived_at=now) if now >= last.retry_at else last
    return None


def _verdict(asked: Asked, *, batch_no: int, action: Action, state: VerdictState) -> Verdict:
    return Verdict(
        verdict_id=fresh_id(asked.bucket),
        subject=asked.subject,
        batch_no=batch_no,
        event=asked.event,
        action=action,
        state=state,
        numbers={},
        listed=(),
        rules=(),
        book_version="",
        shadow_versions=(),
        is_attended=asked.is_attended,
        list_version=0,
    )
