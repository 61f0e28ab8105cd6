"""What a draw round caused: its registrants, what they spent, and the analysis that was published before."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from yongquan.citizens.views import PersonFacts, facts_of_people
from yongquan.kernel.errors import Refusal
from yongquan.payments.spending import spending_of_people
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.draw_store import draw_of_round
from yongquan.vouchers.draw_views import experiment_rows
from yongquan.vouchers.effect_chances import chances_of
from yongquan.vouchers.effect_estimating import effect_of, effects_by
from yongquan.vouchers.effect_model import Effect, Estimate, Registrant, experiment_of
from yongquan.vouchers.effect_plan import AnalysisPlan, Window, require_registered
from yongquan.vouchers.effect_store import plan_of_round, redeemed_in_round, save_report

AGE_BANDS = ((0, "-17"), (18, "18-29"), (30, "30-44"), (45, "45-59"), (60, "60+"))


class NoPlan(Refusal):
    """No analysis was published for this round before its draw, so there is none to run."""

    code = "no_plan"


class NotDrawn(Refusal):
    """The round has no draw, or it has not been drawn."""

    code = "not_drawn"


class WindowOpen(Refusal):
    """The window of the plan is not over: an analysis now could be stopped when it pleases."""

    code = "window_open"


@dataclass(frozen=True, slots=True)
class Entrant:
    """One registrant of a draw, with the chance of winning anything."""

    citizen_id: UUID
    won: bool
    stratum: str
    chance: float


class DrawnRow(Protocol):
    """A registrant as a draw tells it: `won` are those of the ordered `wishes` that won."""

    @property
    def citizen_id(self) -> UUID: ...

    @property
    def stratum(self) -> str: ...

    @property
    def wishes(self) -> tuple[UUID, ...]: ...

    @property
    def won(self) -> tuple[UUID, ...]: ...


def entrants_of(rows: Sequence[DrawnRow]) -> list[Entrant]:
    """The registrants of a finished draw with their chances."""
    chances = chances_of([r.stratum for r in rows], [r.wishes for r in rows], [r.won for r in rows])
    return [
        Entrant(row.citizen_id, bool(row.won), chance.stratum, chance.chance)
        for row, chance in zip(rows, chances, strict=True)
    ]


async def measure_draw(
    database: Database, plan: AnalysisPlan, *, reason: str = "", by: str, now: datetime
) -> dict[str, Any]:
    """Run an analysis on the draw of its round. Raises as `measure_effect`, and `NotDrawn`."""
    async with database.transaction() as connection:
        draw = await draw_of_round(connection, plan.round_id)
        rows = [row async for row in experiment_rows(connection, draw.draw_id)] if draw else []
    if not rows:
        raise NotDrawn
    return await measure_effect(database, plan, entrants_of(rows), reason=reason, by=by, now=now)


async def measure_effect(
    database: Database,
    plan: AnalysisPlan,
    entrants: Sequence[Entrant],
    *,
    reason: str = "",
    by: str,
    now: datetime,
) -> dict[str, Any]:
    """Run an analysis, keep its report and return the result. The numbers are worked out in a thread.

    Raises `NoPlan`, `PlanDiffers` (unless a reason marks the deviations), `WindowOpen`, `NothingToCompare`.
    """
    async with database.transaction() as connection:
        registered = await plan_of_round(connection, plan.round_id)
        if registered is None:
            raise NoPlan
        deviations = require_registered(registered.plan, plan, reason=reason)
        if now < plan.window.ends_at:
            raise WindowOpen(f"the window ends at {plan.window.ends_at.isoformat()}")
        people = await registrants_of(connection, plan, entrants)
    result = await asyncio.to_thread(analyse, plan, people)
    async with database.transaction() as connection:
        await save_report(connection, plan, result, deviations=deviations, reason=reason, by=by, now=now)
    return result


async def registrants_of(connection: Connection, plan: AnalysisPlan, entrants: Sequence[Entrant]) -> list[Registrant]:
    """The facts of a draw's registrants in the plan's window."""
    ids = [one.citizen_id for one in entrants]
    own_money = plan.outcome == "own_money"
    facts = await facts_of_people(connection, ids)
    spent = await spending_of_people(connection, ids, plan.window.starts_at, plan.window.ends_at, own_money=own_money)
    before = _before(plan.window)
    earlier = await spending_of_people(connection, ids, before.starts_at, before.ends_at, own_money=own_money)
    took_off = await redeemed_in_round(connection, plan.round_id)
    by_person: dict[UUID, dict[str, int]] = defaultdict(dict)
    for citizen_id, industry, amount_fen in spent:
        by_person[citizen_id][industry] = amount_fen
    before_of: dict[UUID, int] = defaultdict(int)
    for citizen_id, _, amount_fen in earlier:
        before_of[citizen_id] += amount_fen
    on = plan.window.starts_at.astimezone(SHANGHAI).date()
    return [
        _registrant(
            one,
            facts,
            on=on,
            by_industry=by_person.get(one.citizen_id, {}),
            before_fen=before_of.get(one.citizen_id, 0),
            took_off=took_off,
        )
        for one in entrants
    ]


def analyse(plan: AnalysisPlan, people: Sequence[Registrant]) -> dict[str, Any]:
    """The result as plain values: amounts in fen, rounded to whole ones; ratios as they are. Pure."""
    experiment = experiment_of(people)
    whole = effect_of(experiment, level=plan.level, adjust=plan.adjust)
    order_fen = sum(p.spent_fen for p in people if p.redeemed)
    subsidy_fen = sum(p.subsidy_fen for p in people)
    return {
        **told(whole),
        "level": plan.level,
        "outcome": plan.outcome,
        "naive_pull": round(order_fen / subsidy_fen, 2) if subsidy_fen else None,
        "cuts": {
            cut: {
                name: told(part) if part else None
                for name, part in effects_by(experiment, cut, level=plan.level, adjust=plan.adjust).items()
            }
            for cut in plan.cuts
        },
    }


def told(effect: Effect) -> dict[str, Any]:
    """An effect as plain values; `ci95_fen` is the interval of `itt_fen` at the plan's level."""
    return {
        "itt_fen": round(effect.itt.value),
        "ci95_fen": _interval(effect.itt),
        "late_fen": round(effect.late.value) if effect.late else None,
        "late_ci95_fen": _interval(effect.late) if effect.late else None,
        "per_subsidy": round(effect.per_subsidy.value, 2) if effect.per_subsidy else None,
        "per_subsidy_ci95": _interval(effect.per_subsidy, digits=2) if effect.per_subsidy else None,
        "takeup": round(effect.takeup.value, 4),
        **asdict(effect.counts),
    }


def age_band(born_on: date | None, on: date) -> str:
    """The age band of somebody on a day; empty if unknown."""
    if born_on is None:
        return ""
    age = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return [name for least, name in AGE_BANDS if age >= least][-1]


def _registrant(
    one: Entrant,
    facts: Mapping[UUID, PersonFacts],
    *,
    on: date,
    by_industry: Mapping[str, int],
    before_fen: int,
    took_off: Mapping[UUID, int],
) -> Registrant:
    known = facts.get(one.citizen_id, PersonFacts(None, None))
    return Registrant(
        person=one.citizen_id.hex,
        won=one.won,
        stratum=one.stratum,
        cluster=one.citizen_id.hex,
        district=known.home_adcode or "",
        age_band=age_band(known.born_on, on),
        spent_fen=sum(by_industry.values()),
        redeemed=one.citizen_id in took_off,
        subsidy_fen=took_off.get(one.citizen_id, 0),
        before_fen=before_fen,
        by_industry=by_industry,
        chance=one.chance,
    )


def _before(window: Window) -> Window:
    return Window(starts_at=window.starts_at - (window.ends_at - window.starts_at), ends_at=window.starts_at)


def _interval(estimate: Estimate, *, digits: int = 0) -> list[float | int | None]:
    ends = (estimate.low, estimate.high)
    return [None if end is None else (round(end, digits) if digits else round(end)) for end in ends]
