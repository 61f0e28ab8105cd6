"""`run_draw`: a draw from the opening of its sign-up to the published result, as a durable story told once a draw.

open -> close -> (the notary enters the beacon) -> draw -> grant -> publish; or void, in public, at its deadline.
A killed process goes on at the killed step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

import psycopg
import structlog

from yongquan.flows import draw_steps
from yongquan.flows.announce_draw import SECRET
from yongquan.flows.draw_steps import ENDED, DrawDesk, Step
from yongquan.kernel.errors import BadInput, Outage, Refusal
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.durable import Durable, StoryFailed, Teller
from yongquan.staff import Role, Staff
from yongquan.vouchers import draw_store as store
from yongquan.vouchers.draw_store import DrawRow
from yongquan.vouchers.draw_views import adcode_of_draw
from yongquan.vouchers.model import DrawState, ForbiddenMove

STORY = "run_draw"
PAUSES_S = (0.5, 1.0, 2.0, 5.0)
BEACON_MAX = 200

log = structlog.get_logger(__name__)


class UnknownDraw(Refusal):
    """There is no such draw."""

    code = "not_found"


class TooEarly(Refusal):
    """The beacon is not out yet."""

    code = "too_early"


@dataclass(frozen=True, slots=True)
class Draws:
    """Runs draws; any process may ask, one at a time does the work."""

    desk: DrawDesk
    durable: Durable
    steps: Sequence[tuple[str, Step]] = field(default=draw_steps.STEPS)

    def __post_init__(self) -> None:
        self.durable.learn(STORY, self.tell)

    async def run_draw(self, draw_id: UUID, *, patience_s: float) -> DrawState:
        """Run a draw, or wait for whoever is at it; after `patience_s` it goes on behind. Answers its state."""
        await self.durable.tell(STORY, f"run-draw-{draw_id}", str(draw_id), patience_s=patience_s)
        async with self.desk.database.transaction() as connection:
            found = await store.draw_of(connection, draw_id)
        if found is None:
            raise UnknownDraw
        return found.state

    async def run_what_is_due(self, *, patience_s: float) -> None:
        """See to draws until nothing is due, `patience_s` each at a time; what a dead process left is taken over."""
        with self.durable.kept_busy():
            failed: set[UUID] = set()
            while waiting := [draw_id for draw_id in await self._due() if draw_id not in failed]:
                try:
                    await self.run_draw(waiting[0], patience_s=patience_s)
                except StoryFailed as failure:
                    failed.add(waiting[0])
                    log.error("draw_not_run", draw=str(waiting[0]), why=str(failure))  # noqa: TRY400 - the trace is the story's

    async def _due(self) -> list[UUID]:
        async with self.desk.database.transaction() as connection:
            return await store.draws_due(connection, now=self.desk.clock.now())

    async def tell(self, teller: Teller, argument: str) -> str:
        """The story itself."""
        draw_id = UUID(argument)
        for name, step in self.steps:
            attempts = 0
            while await teller.step(name, partial(self._try, name, step, draw_id)):
                await teller.sleep(PAUSES_S[min(attempts, len(PAUSES_S) - 1)])
                attempts += 1
        return argument

    async def enter_beacon(self, staff: Staff, draw_id: UUID, value: str, *, now: datetime) -> None:
        """The notary enters the public value, once. `now` is business time for the rules and the audit log alike.

        Raises `UnknownDraw`, `Forbidden`, `TooEarly`, `ForbiddenMove`, `BadInput`.
        """
        value = value.strip()
        if not 1 <= len(value) <= BEACON_MAX or not value.isprintable():
            raise BadInput(f"beacon: write 1 to {BEACON_MAX} printable characters")
        async with self.desk.database.transaction() as connection:
            found = await store.draw_of(connection, draw_id, lock=True)
            if found is None:
                raise UnknownDraw
            staff.require(Role.NOTARY, adcode=await adcode_of_draw(connection, draw_id))
            if found.state is not DrawState.CLOSED:
                raise ForbiddenMove("the beacon is entered once, after the close", now=found.state)
            if now < found.beacon_at:
                raise TooEarly("the beacon is not out yet")
            facts = {"beacon_value": value, "beacon_by": staff.actor, "beacon_entered_at": now}
            await store.move_draw(connection, draw_id, DrawState.BEACON_ENTERED, **facts)
            entry = AuditEntry(
                actor=staff.actor,
                action="draw.beacon_entered",
                subject=f"draw:{draw_id}",
                before={"state": found.state.value},
                after={"state": DrawState.BEACON_ENTERED.value, "beacon": value},
            )
            await append(connection, entry, now=now)

    def revealed_secret(self, draw: DrawRow) -> str | None:
        """The secret in hex, once it is published; never before."""
        if draw.state is not DrawState.PUBLISHED:
            return None
        return self.desk.sealing.open(draw.secret_sealed, what=SECRET)

    async def _try(self, name: str, step: Step, draw_id: UUID) -> str:
        # What a step raises would be its recorded end; what it waits for is only asked again.
        try:
            waits_for = await step(self.desk, draw_id)
        except (Outage, Refusal, psycopg.OperationalError) as trouble:
            waits_for = f"{type(trouble).__name__}: {trouble}"
            log.warning("draw_waits", draw=str(draw_id), step=name, waiting_for=waits_for)
        return waits_for


__all__ = ["ENDED", "Draws", "TooEarly", "UnknownDraw"]
