"""`clear_day`: a settlement day from its close to the last matched line, as a durable story told once a day.

close -> wait for ends -> draw up -> call funders -> net -> agree -> pay nets -> instruct -> match -> compare.
A step that cannot go on (an institution is down, a payment has not ended, a funder is short) says what it waits for;
the story sleeps and asks again. A killed process goes on at the killed step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import msgspec
import psycopg
import structlog

from yongquan.flows import draw_up_day, net_day, settle_shops
from yongquan.flows.day_desk import DayDesk, Step
from yongquan.flows.hold_merchant import release_overdue
from yongquan.kernel.errors import Outage, Refusal
from yongquan.payments import clearing_store, settling_store
from yongquan.payments.clearing import DayState
from yongquan.payments.settling_store import SettledSums
from yongquan.plumbing.durable import Durable, StoryFailed, Teller

STORY = "clear_day"
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
STEPS: Sequence[tuple[str, Step]] = (
    ("release_overdue", release_overdue),
    ("close", draw_up_day.close),
    ("wait_for_ends", draw_up_day.wait_for_ends),
    ("draw_up", draw_up_day.draw_up),
    ("call_funders", draw_up_day.call_funders),
    ("net", net_day.net),
    ("agree", net_day.agree),
    ("pay_nets", net_day.pay_nets),
    ("instruct", settle_shops.instruct),
    ("match", settle_shops.match),
    ("compare", settle_shops.compare),
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DayReport:
    """How far a day has come and what it paid; `waiting_for` is empty unless something keeps it."""

    day: date
    state: DayState
    waiting_for: str
    settled: SettledSums


@dataclass(frozen=True, slots=True)
class Clearing:
    """Clears days; any process may ask, one at a time does the work."""

    desk: DayDesk
    durable: Durable
    steps: Sequence[tuple[str, Step]] = field(default=STEPS)

    def __post_init__(self) -> None:
        self.durable.learn(STORY, self.tell)

    async def clear_day(self, day: date, *, patience_s: float) -> DayReport:
        """Clear a day, or wait for whoever is at it; after `patience_s` the report says what it still waits for.

        The work goes on behind a report that is not `settled`, here or in the process that takes over.
        """
        told = await self.durable.tell(STORY, f"clear-day-{day}", day.isoformat(), patience_s=patience_s)
        return msgspec.json.decode(told, type=DayReport) if told else await self.report(day)

    async def clear_what_is_due(self, *, today: date, patience_s: float) -> None:
        """Clear every day before today that is not settled, and any that was begun; the oldest first.

        A clearing that a dead process left behind is found here and taken over.
        """
        async with self.desk.database.apart() as connection:
            days = await clearing_store.days_to_clear(connection, before=today)
        if not days:
            await self.durable.rest()
        for day in days:
            try:
                await self.clear_day(day, patience_s=patience_s)
            except StoryFailed as failure:
                log.error("day_not_cleared", day=str(day), why=str(failure))  # noqa: TRY400 - the trace is the story's

    async def tell(self, teller: Teller, argument: str) -> str:
        """The story itself."""
        day = date.fromisoformat(argument)
        for name, step in self.steps:
            attempts = 0
            while await teller.step(name, partial(self._try, name, step, day)):
                await teller.sleep(PAUSES_S[min(attempts, len(PAUSES_S) - 1)])
                attempts += 1
        return await teller.step("report", partial(self._encoded_report, day))

    async def report(self, day: date) -> DayReport:
        """The day as it stands."""
        async with self.desk.database.apart() as connection:
            found = await clearing_store.day_of(connection, day)
            sums = await settling_store.sums_of(connection, day)
        if found is None:
            return DayReport(day, DayState.OPEN, "", sums)
        return DayReport(day, found.state, found.waiting_for, sums)

    async def _encoded_report(self, day: date) -> str:
        return msgspec.json.encode(await self.report(day)).decode()

    async def _try(self, name: str, step: Step, day: date) -> str:
        # What a step raises would be its recorded end; what it waits for is only asked again.
        try:
            waits_for = await step(self.desk, day)
            async with self.desk.database.apart() as connection:
                await clearing_store.say_waiting(connection, day, waits_for)
        except (Outage, Refusal, psycopg.OperationalError) as trouble:
            waits_for = f"{type(trouble).__name__}: {trouble}"
            await self._note(day, waits_for)
        if waits_for:
            log.info("day_waits", day=str(day), step=name, waiting_for=waits_for)
        return waits_for

    async def _note(self, day: date, waits_for: str) -> None:
        try:
            async with self.desk.database.apart() as connection:
                await clearing_store.say_waiting(connection, day, waits_for)
        except psycopg.OperationalError as outage:
            log.warning("day_waits_for_the_database", day=str(day), error=str(outage))
