"""Which shops are visited in a month, when, and who of a provider goes: pure, the same for the same facts.

A shop's rhythm is its visits a quarter (`grids/workload.py`). A shop that nobody has visited gets its first visit in
the place of its next inspection, so that the work of a month stays what the grids were cut by.
"""

import calendar
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import named_id
from yongquan.merchants.grids.workload import HARDSHIP_VISITS, OTHER, VISITS
from yongquan.merchants.tasks.model import TaskKind

NOTICE_DAYS: Final = 3
REVISIT_BP: Final = 500  # of the visits that were done the month before
MINUTES: Final[Mapping[TaskKind, int]] = {TaskKind.TRAINING: 30, TaskKind.DELIVERY: 10, TaskKind.PAY_APPEAL: 0}
_PERIOD = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class VisitedShop:
    """What the plan looks at in a shop."""

    store_id: UUID
    industry: str
    hardship: bool
    was_visited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to write down. `provider_id` and `surveyor_id` are who gets it at once, if anybody."""

    task_id: UUID
    kind: TaskKind
    period: str
    store_id: UUID | None
    minutes: int
    due_day: date
    grid_code: str | None = None
    provider_id: UUID | None = None
    surveyor_id: UUID | None = None
    not_provider: UUID | None = None
    of_task: UUID | None = None
    note: str = ""


def period_of(day: date) -> str:
    """The month of a business day, `YYYY-MM`."""
    return f"{day:%Y-%m}"


def days_of(period: str) -> tuple[date, date]:
    """A month's first and last day. Raises `BadInput`."""
    if not _PERIOD.fullmatch(period):
        raise BadInput(f"period {period}: write YYYY-MM")
    year, month = int(period[:4]), int(period[5:])
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def visits_of(industry: str, *, hardship: bool) -> tuple[int, int]:
    """A shop's visits a quarter, one a month at most, and the minutes of one."""
    visits, minutes = VISITS.get(industry, OTHER)
    return min(visits + hardship * HARDSHIP_VISITS, 3), minutes


def is_due(shop: VisitedShop, period: str) -> bool:
    """Whether a shop is visited in this month: visits are spread over the quarter, shop by shop."""
    visits, _ = visits_of(shop.industry, hardship=shop.hardship)
    month, offset = (int(period[5:]) - 1) % 3, shop.store_id.int % 3
    return month in {(offset + 3 * k // visits) % 3 for k in range(visits)}


def due_day(key: UUID, period: str, today: date) -> date:
    """A day of the month that follows from the key, three days ahead at least while the month lasts."""
    first, last = days_of(period)
    start = min(max(first, today + timedelta(days=NOTICE_DAYS)), last)
    return start + timedelta(days=(key.int >> 7) % ((last - start).days + 1))


def plan_visits(shops: Iterable[VisitedShop], period: str, today: date) -> list[NewTask]:
    """The visits of a month, one a shop at most."""
    planned = []
    for shop in shops:
        if is_due(shop, period):
            kind = TaskKind.INSPECTION if shop.was_visited else TaskKind.FIRST_VISIT
            # The id leaves the kind out: a visit is planned once, whatever became of the shop since.
            task_id = named_id("task", "visit", period, shop.store_id)
            _, minutes = visits_of(shop.industry, hardship=shop.hardship)
            day = due_day(task_id, period, today)
            planned.append(
                NewTask(task_id=task_id, kind=kind, period=period, store_id=shop.store_id, minutes=minutes, due_day=day)
            )
    return planned


def is_revisited(task_id: UUID, period: str) -> bool:
    """Whether chance, which follows from the task and the month, sends another provider there again."""
    return named_id("revisit draw", period, task_id).int % 10_000 < REVISIT_BP


def deal(work: Mapping[str, int], people: Sequence[UUID], *, has: Mapping[UUID, int] | None = None) -> dict[str, UUID]:
    """Who of a provider's people goes to which grid: the heaviest grid first, to whoever has least.

    `work` is the minutes to hand out in each grid, `has` what people have already. Nobody: nothing is dealt.
    """
    if not people:
        return {}
    loads: dict[UUID, int] = defaultdict(int, has or {})
    dealt = {}
    for code in sorted(work, key=lambda code: (-work[code], code)):
        chosen = min(people, key=lambda person: (loads[person], person))
        dealt[code] = chosen
        loads[chosen] += work[code]
    return dealt
