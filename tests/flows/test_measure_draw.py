"""The analysis of a real draw: published while sign-up is open, run once after its window, kept for good."""

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from drawing_world import BEACON_AT, CLOSES, NOTARY, OFFICER, DrawWorld, draw_world
from spent_city import open_till

from yongquan.flows.measure_effect import NoPlan, NotDrawn, WindowOpen, measure_draw
from yongquan.flows.publish_plan import publish_analysis
from yongquan.flows.run_analysis import run_published_analysis
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden
from yongquan.vouchers.draw_views import experiment_rows
from yongquan.vouchers.effect_plan import AnalysisPlan, PlanDiffers, PlanTooLate, Window
from yongquan.vouchers.effect_store import plan_of_round, report_of_round
from yongquan.vouchers.model import DrawState

OPENS_AT = BEACON_AT + timedelta(hours=1)
ENDS_AT = OPENS_AT + timedelta(days=2)
BASKET_FEN, EXTRA_FEN = 5_000, 3_000


def plan_of(world: DrawWorld, **facts: object) -> AnalysisPlan:
    plan = AnalysisPlan(
        round_id=world.draw.round_id,
        hypothesis="winners spend more",
        window=Window(starts_at=OPENS_AT, ends_at=ENDS_AT),
        cuts=("industry",),
    )
    return plan.model_copy(update=facts)


async def publish(world: DrawWorld, plan: AnalysisPlan) -> bool:
    async with world.city.database.transaction() as connection:
        return await publish_analysis(connection, plan, by="tester", now=world.draws.desk.clock.now())


async def draw_and_spend(world: DrawWorld, people: list[UUID]) -> None:
    """Everybody spends the basket in the window, winners more; a payment outside the window counts for nothing."""
    await world.at(CLOSES)
    await world.draws.run_draw(world.draw.draw_id, patience_s=0.0)
    for _ in range(100):
        if (await world.now()).state is DrawState.CLOSED:
            break
        await asyncio.sleep(0.1)
    await world.at(BEACON_AT)
    await world.draws.enter_beacon(NOTARY, world.draw.draw_id, "03 08 14", now=BEACON_AT)
    assert await world.draws.run_draw(world.draw.draw_id, patience_s=30) is DrawState.PUBLISHED
    async with world.city.database.transaction() as connection:
        won = {row.citizen_id async for row in experiment_rows(connection, world.draw.draw_id) if row.won}
    till = await open_till(world.city)
    for n, person in enumerate(people):
        spread = n % 7 * 100
        fen = BASKET_FEN + spread + (EXTRA_FEN if person in won else 0)
        await till.pay(person, fen, at=OPENS_AT + timedelta(hours=3))
    await till.pay(people[0], 9_000_000, at=ENDS_AT)


def test_a_plan_is_published_once_and_only_while_sign_up_is_open(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            plan = plan_of(world)

            assert await publish(world, plan)
            assert not await publish(world, plan)
            with pytest.raises(PlanTooLate):
                await publish(world, plan_of(world, adjust=True))
            with pytest.raises(PlanTooLate):
                await publish(world, plan_of(world, round_id=fresh_id()))
            async with world.city.database.transaction() as connection:
                kept = await plan_of_round(connection, plan.round_id)
            assert kept is not None
            assert (kept.digest, kept.plan) == (plan.digest(), plan)
            with pytest.raises(psycopg.errors.RestrictViolation):
                async with world.city.database.transaction() as connection:
                    await connection.execute("update vouchers.effect_plan set digest = ''")

    asyncio.run(scenario())


def test_a_plan_after_the_close_is_too_late(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            await world.at(CLOSES)

            with pytest.raises(PlanTooLate):
                await publish(world, plan_of(world))

    asyncio.run(scenario())


def test_the_published_analysis_runs_once_after_its_window_and_finds_what_winners_spent_more(
    fresh_database: str,
) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database, stock=24) as world:
            database, round_id = world.city.database, world.draw.round_id
            people = await world.sign_up(96)
            with pytest.raises(NoPlan):
                await run_published_analysis(database, OFFICER, round_id, adcode=None, now=ENDS_AT)
            await publish(world, plan_of(world))
            with pytest.raises(NotDrawn):
                await run_published_analysis(database, OFFICER, round_id, adcode=None, now=ENDS_AT)
            await draw_and_spend(world, people)
            with pytest.raises(Forbidden):
                await run_published_analysis(database, NOTARY, round_id, adcode=None, now=ENDS_AT)
            with pytest.raises(WindowOpen):
                await run_published_analysis(
                    database, OFFICER, round_id, adcode=None, now=ENDS_AT - timedelta(seconds=1)
                )

            pressed = await asyncio.gather(
                *(run_published_analysis(database, OFFICER, round_id, adcode=None, now=ENDS_AT) for _ in range(3))
            )

            assert sorted(pressed) == [False, False, True]
            async with database.transaction() as connection:
                report = await report_of_round(connection, round_id)
                counted = await (await connection.execute("select count(*) from vouchers.effect_report")).fetchone()
                acts = await (
                    await connection.execute("select count(*) from plumbing.audit where action = 'effect.measured'")
                ).fetchone()
            assert report is not None
            assert (counted, acts, report.deviations) == ((1,), (1,), [])
            low, high = report.result["ci95_fen"]
            assert low <= EXTRA_FEN <= high
            assert abs(report.result["itt_fen"] - EXTRA_FEN) < 200
            assert report.result["cuts"]["industry"]["dining"]["itt_fen"] == report.result["itt_fen"]

    asyncio.run(scenario())


def test_another_analysis_is_refused_or_marked(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database, stock=24) as world:
            people = await world.sign_up(96)
            await publish(world, plan_of(world))
            await draw_and_spend(world, people)
            other = plan_of(world, outcome="own_money")

            with pytest.raises(PlanDiffers):
                await measure_draw(world.city.database, other, by="tester", now=ENDS_AT)
            await measure_draw(world.city.database, other, reason="the bureau asked", by="tester", now=ENDS_AT)

            async with world.city.database.transaction() as connection:
                report = await report_of_round(connection, world.draw.round_id)
            assert report is not None
            assert (report.deviations, report.reason) == (["outcome"], "the bureau asked")

    asyncio.run(scenario())
