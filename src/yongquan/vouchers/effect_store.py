"""Published plans and finished reports of draws: this room's SQL for the effect."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.effect_plan import AnalysisPlan, PlanTooLate, plan_of

_ROUND = """
select r.mode, coalesce(d.closes_at, r.closes_at), r.state = 'ended' or d.state not in ('announced', 'open')
  from vouchers.round r left join vouchers.draw d on d.round_id = r.round_id where r.round_id = %s
"""
_SAVE_PLAN = """
insert into vouchers.effect_plan (round_id, plan, digest, published_by, published_at) values (%s, %s, %s, %s, %s)
on conflict (round_id) do nothing
"""
_PLAN = "select plan, digest, published_at from vouchers.effect_plan where round_id = %s"
_LOCK_PLAN = "select 1 from vouchers.effect_plan where round_id = %s for no key update"
_PLANS = """
select e.round_id, r.name, r.name_en, c.adcode, e.digest, e.published_at, r.closes_at,
       (select max(x.computed_at) from vouchers.effect_report x where x.round_id = e.round_id)
  from vouchers.effect_plan e
  join vouchers.round r on r.round_id = e.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where %(places)s::text[] is null or c.adcode = any (%(places)s)
 order by e.published_at desc, e.round_id
"""
_SAVE_REPORT = """
insert into vouchers.effect_report (report_id, round_id, plan, deviations, reason, result, computed_by, computed_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_REPORT = """
select x.report_id, x.plan, x.deviations, x.reason, x.result, x.computed_at
  from vouchers.effect_report x where x.round_id = %s order by x.computed_at desc, x.report_id desc limit 1
"""
_REDEEMED = """
select citizen_id, sum(redeemed_fen)::bigint from vouchers.voucher
 where round_id = %s and state = 'redeemed' group by citizen_id
"""


@dataclass(frozen=True, slots=True)
class PublishedPlan:
    """A plan as everybody can read it."""

    plan: AnalysisPlan
    digest: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A published plan in a list; `computed_at` None: the analysis has not been run."""

    round_id: UUID
    name: str
    name_en: str
    adcode: str | None
    digest: str
    published_at: datetime
    closes_at: datetime
    computed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EffectReport:
    """A run of an analysis; `deviations` names what differs from the published plan, `reason` says why."""

    report_id: UUID
    plan: dict[str, Any]
    deviations: list[str]
    reason: str
    result: dict[str, Any]
    computed_at: datetime


async def publish_plan(connection: Connection, plan: AnalysisPlan, *, by: str, now: datetime) -> bool:
    """Publish the analysis of a draw round; False if this very plan is published already.

    Raises `PlanTooLate` once sign-up is closed, if the round is no draw, or if another plan is published.
    """
    known = await plan_of_round(connection, plan.round_id)
    if known is not None:
        if known.digest == plan.digest():
            return False
        raise PlanTooLate(f"another plan was published at {known.published_at.isoformat()}: {known.digest}")
    row = await (await connection.execute(_ROUND, [plan.round_id])).fetchone()
    if row is None or row[0] != "draw":
        raise PlanTooLate("there is no draw round of this id")
    if now >= row[1] or row[2]:
        raise PlanTooLate(f"sign-up closed at {row[1].isoformat()}")
    values = [plan.round_id, Json(plan.document()), plan.digest(), by, now]
    await connection.execute(_SAVE_PLAN, values)
    return True


async def plan_of_round(connection: Connection, round_id: UUID) -> PublishedPlan | None:
    """The plan that was published for a round."""
    row = await (await connection.execute(_PLAN, [round_id])).fetchone()
    return PublishedPlan(plan_of(row[0], name=f"plan of {round_id}"), row[1], row[2]) if row else None


async def lock_plan(connection: Connection, round_id: UUID) -> None:
    """Whoever runs the plan's analysis next waits for this commit."""
    await connection.execute(_LOCK_PLAN, [round_id])


async def published_plans(connection: Connection, *, places: list[str] | None) -> list[PlanRow]:
    """Every published plan of campaigns of these divisions (None: all), the latest first."""
    return [PlanRow(*row) for row in await (await connection.execute(_PLANS, {"places": places})).fetchall()]


async def save_report(
    connection: Connection,
    plan: AnalysisPlan,
    result: dict[str, Any],
    *,
    deviations: tuple[str, ...],
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Keep a run of an analysis."""
    document = Json(plan.document())
    values = [fresh_id(), plan.round_id, document, list(deviations), reason, Jsonb(result), by, now]
    await connection.execute(_SAVE_REPORT, values)


async def report_of_round(connection: Connection, round_id: UUID) -> EffectReport | None:
    """The last run for a round."""
    row = await (await connection.execute(_REPORT, [round_id])).fetchone()
    return EffectReport(*row) if row else None


async def redeemed_in_round(connection: Connection, round_id: UUID) -> dict[UUID, int]:
    """Fen that a round's redeemed vouchers took off, by citizen."""
    return dict(await (await connection.execute(_REDEEMED, [round_id])).fetchall())
