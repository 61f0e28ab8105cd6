"""The demo's experiment: its analysis is published before the draw, registrants spend, and the analysis is run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.measure_effect import entrants_of, measure_draw
from yongquan.flows.publish_plan import publish_analysis
from yongquan.plumbing.db import Database
from yongquan.simulation.day import CampaignDay, Won
from yongquan.simulation.doors import PaymentWish
from yongquan.simulation.drawn import change_fen, drawn_visit
from yongquan.simulation.season_draw import PlannedDraw
from yongquan.vouchers.draw_store import draw_of_round
from yongquan.vouchers.draw_views import experiment_rows
from yongquan.vouchers.effect_estimating import CHANCE_MIN, NothingToCompare
from yongquan.vouchers.effect_plan import AnalysisPlan, Window

HYPOTHESIS = "中签者在券有效的第一天比未中签者消费更多 winners spend more than losers on the first day of validity"
ACTOR = "command:demo"


@dataclass(frozen=True, slots=True)
class DrawnDay:
    """What the registrants of the demo's draw do at noon, and what is concluded from it."""

    planned: PlannedDraw
    database: Database
    seed: int

    @property
    def plan(self) -> AnalysisPlan:
        """The analysis: spending of the demo day."""
        midnight = self.planned.times.closes_at
        window = Window(starts_at=midnight, ends_at=midnight + timedelta(days=1))
        return AnalysisPlan(round_id=self.planned.round.round_id, hypothesis=HYPOTHESIS, window=window)

    async def publish(self, *, now: datetime) -> None:
        """Publish the analysis while sign-up is open."""
        async with self.database.transaction() as connection:
            await publish_analysis(connection, self.plan, by=ACTOR, now=now)

    def visits(self, day: CampaignDay, registrants: Iterable[int], won: Sequence[Won]) -> list[list[PaymentWish]]:
        """A visit for each wish, by citizen: winners who redeem spend more than they would have."""
        held: dict[int, set[UUID]] = defaultdict(set)
        for one in won:
            held[one.citizen].add(one.type.type_id)
        types = {type_.type_id: type_ for type_ in self.planned.types}
        visits = []
        for citizen in registrants:
            mine = []
            for wish in self.planned.wishes_of(self.seed, citizen):
                type_ = types[wish]
                visit = drawn_visit(
                    day.directory,
                    seed=self.seed,
                    citizen=citizen,
                    occasion=str(wish),
                    threshold_fen=type_.threshold_fen,
                    won=wish in held[citizen],
                    industries=(type_.industry,) if type_.industry else (),
                )
                if visit is not None:
                    mine.append(day.payment(visit, str(wish)))
            visits.append(mine)
        return visits

    def changes(self, day: CampaignDay, won: Sequence[Won]) -> dict[UUID, int]:
        """What winning changed in each winner's spending, by citizen: the one life less the other, in fen."""
        changes: dict[UUID, int] = defaultdict(int)
        for one in won:
            changes[day.people.citizens[one.citizen]] += change_fen(
                day.directory,
                seed=self.seed,
                citizen=one.citizen,
                occasion=str(one.type.type_id),
                threshold_fen=one.type.threshold_fen,
                industries=(one.type.industry,) if one.type.industry else (),
            )
        return changes

    async def truth_fen(self, changes: Mapping[UUID, int]) -> int | None:
        """The true effect per winner, which no analysis sees: winners' changes, each weighed by 1/chance."""
        async with self.database.transaction() as connection:
            draw = await draw_of_round(connection, self.planned.round.round_id)
            rows = [row async for row in experiment_rows(connection, draw.draw_id)] if draw else []
        winners = [one for one in entrants_of(rows) if one.won and CHANCE_MIN <= one.chance <= 1 - CHANCE_MIN]
        weight = sum(1 / one.chance for one in winners)
        return round(sum(changes.get(one.citizen_id, 0) / one.chance for one in winners) / weight) if winners else None

    async def conclude(self, *, now: datetime) -> None:
        """Run the analysis as published; a city too small for it has none."""
        try:
            await measure_draw(self.database, self.plan, by=ACTOR, now=now)
        except NothingToCompare:
            return
