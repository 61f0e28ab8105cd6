"""Staff push vouchers to an audience: written down, counted, sent in batches, each batch one commit.

Who gets one is fixed when sending starts. A batch grants and writes its outcomes in one transaction, so a killed
process goes on behind the last commit and nobody gets two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import psycopg
import structlog

from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.flows.segment_citizens import AudienceCount, count_audience, fix_audience
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.durable import Durable, StoryFailed, Teller
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import Origin, RoundMode, require_move
from yongquan.vouchers.ways import pushes
from yongquan.vouchers.ways.audience import Audience, ExpiredHolders
from yongquan.vouchers.ways.pushes import PUSH_MOVES, Push, PushState

STORY = "push_vouchers"
PUSH_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
NAME_MAX = 60
BATCH = 1_000
REST_S = 2.0
LATER = "later"

log = structlog.get_logger(__name__)


class UnknownPush(Refusal):
    """There is no such push, round, type or list, or it is not this person's business."""

    code = "not_found"


class NotCounted(Refusal):
    """A push is sent after it was counted, and only while the stock covers the count."""

    code = "not_counted"


class StockShort(Refusal):
    """There are fewer vouchers left than the audience takes."""

    code = "stock_short"


async def draft_push(
    database: Database, *, name: str, type_id: UUID, audience: Audience, staff: Staff, now: datetime
) -> UUID:
    """Write a push down. Raises `BadInput`, `UnknownPush`, `Forbidden`."""
    if not 1 <= len(name) <= NAME_MAX:
        raise BadInput(f"the push's name has {len(name)} characters: write 1 to {NAME_MAX}")
    push_id = fresh_id()
    async with database.transaction() as connection:
        await pushes.save_push(
            connection, push_id, name=name, type_id=type_id, audience=audience, made_by=staff.actor, now=now
        )
        found = await _own(connection, push_id, staff)
        if found.round_mode != RoundMode.PUSH and not isinstance(audience, ExpiredHolders):
            raise UnknownPush("vouchers are pushed from a round of mode push; any round can grant again what expired")
        await append(connection, _entry(staff, "drafted", push_id, {"name": name}), now=now)
    return push_id


async def count_push(database: Database, push_id: UUID, *, staff: Staff, cells: int, now: datetime) -> AudienceCount:
    """Count a draft's audience exactly and keep the count. Raises `UnknownPush`, `Forbidden`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        found = await _own(connection, push_id, staff)
        require_move(PUSH_MOVES, found.state, PushState.SENDING)
        count = await count_audience(connection, found.audience, cells=cells, now=now)
        await pushes.note_count(connection, push_id, total=count.total, by_district=count.by_district, now=now)
        await append(connection, _entry(staff, "counted", push_id, {"vouchers": count.total}), now=now)
    return count


async def start_push(database: Database, push_id: UUID, *, staff: Staff, cells: int, now: datetime) -> None:
    """Fix who gets the vouchers and let the sending begin. Raises also `NotCounted`, `StockShort`."""
    async with database.transaction() as connection:
        await pushes.lock_push(connection, push_id)
        found = await _own(connection, push_id, staff)
        require_move(PUSH_MOVES, found.state, PushState.SENDING)
        if found.counted is None:
            raise NotCounted
        await fix_audience(connection, found.audience, push_id=push_id, cells=cells, now=now)
        wanted = (await pushes.progress_of(connection, push_id)).wanted
        if wanted > found.remaining:
            raise StockShort(f"{wanted} vouchers wanted, {found.remaining} left", wanted=wanted, left=found.remaining)
        await pushes.move_push(connection, push_id, to=PushState.SENDING, now=now)
        await append(connection, _entry(staff, "started", push_id, {"vouchers": wanted}), now=now)


async def stop_push(database: Database, push_id: UUID, *, staff: Staff, now: datetime) -> None:
    """Send no more; what was given stays given. Raises `UnknownPush`, `Forbidden`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        await pushes.lock_push(connection, push_id)
        found = await _own(connection, push_id, staff)
        require_move(PUSH_MOVES, found.state, PushState.STOPPED)
        await pushes.move_push(connection, push_id, to=PushState.STOPPED, now=now)
        await append(connection, _entry(staff, "stopped", push_id, {"state": found.state.value}), now=now)


@dataclass(frozen=True, slots=True)
class Pushing:
    """Sends pushes as durable stories; any process may ask, one at a time does the work."""

    database: Database
    clock: Clock
    durable: Durable
    cells: int

    def __post_init__(self) -> None:
        self.durable.learn(STORY, self.tell)

    async def send(self, push_id: UUID, *, patience_s: float) -> str | None:
        """Send a push that was started, or wait for whoever is at it; its last state, None if it goes on behind."""
        return await self.durable.tell(STORY, f"push-{push_id}", str(push_id), patience_s=patience_s)

    async def send_what_was_started(self, *, patience_s: float) -> None:
        """Send every push that was started and is not done; one that a dead process left is taken over."""
        async with self.database.transaction() as connection:
            waiting = await pushes.sending(connection)
        for push_id in waiting:
            try:
                await self.send(push_id, patience_s=patience_s)
            except StoryFailed as failure:
                log.error("push_not_sent", push=str(push_id), why=str(failure))  # noqa: TRY400 - the trace is the story's

    async def tell(self, teller: Teller, argument: str) -> str:
        """The story itself: batch after batch until nobody waits or somebody stops it."""
        push_id, number, state = UUID(argument), 0, str(PushState.SENDING)
        while state in {PushState.SENDING, LATER}:
            if state == LATER:
                await teller.sleep(REST_S)
            state = await teller.step(f"batch {number}", partial(self._try, push_id))
            number += 1
        return state

    async def _try(self, push_id: UUID) -> str:
        try:
            return await send_batch(self.database, push_id, cells=self.cells, now=self.clock.now())
        except psycopg.OperationalError as outage:
            log.warning("push_waits", push=str(push_id), error=str(outage))
            return LATER


async def send_batch(database: Database, push_id: UUID, *, cells: int, now: datetime) -> PushState:
    """Grant one batch in one commit; the push's state after it."""
    async with database.transaction() as connection:
        state = await pushes.lock_push(connection, push_id)
        found = await pushes.push_of(connection, push_id)
        if found is None or state is not PushState.SENDING:
            return state or PushState.STOPPED
        for cell in range(cells):
            targets = await pushes.open_targets(connection, push_id, cell, limit=BATCH)
            if targets:
                await _grant(connection, found, cell, targets, cells=cells, now=now)
                return PushState.SENDING
        await pushes.move_push(connection, push_id, to=PushState.SENT, now=now)
        return PushState.SENT


async def _grant(
    connection: Connection, push: Push, cell: int, targets: Sequence[tuple[UUID, int]], *, cells: int, now: datetime
) -> None:
    origin = Origin.REGRANT if isinstance(push.audience, ExpiredHolders) else Origin.PUSH
    grants = [
        Grant(citizen_id, push.type_id, named_id("push", push.push_id, n))
        for citizen_id, copies in targets
        for n in range(copies)
    ]
    granted = await grant_vouchers(connection, grants, origin=origin, cells=cells, now=now)
    outcomes: dict[UUID, tuple[int, str]] = {}
    for grant, one in zip(grants, granted, strict=True):
        had, code = outcomes.get(grant.citizen_id, (0, one.code))
        given = one.code in {"granted", "again"}
        outcomes[grant.citizen_id] = (had + given, "granted" if given and code in {"granted", "again"} else one.code)
    await pushes.close_targets(connection, push.push_id, cell, outcomes)


async def _own(connection: Connection, push_id: UUID, staff: Staff) -> Push:
    found = await pushes.push_of(connection, push_id)
    if found is None:
        raise UnknownPush
    staff.require(*PUSH_ROLES, adcode=found.adcode)
    return found


def _entry(staff: Staff, done: str, push_id: UUID, after: dict[str, int | str]) -> AuditEntry:
    return AuditEntry(actor=staff.actor, action=f"push.{done}", subject=f"push:{push_id}", after={**after})
