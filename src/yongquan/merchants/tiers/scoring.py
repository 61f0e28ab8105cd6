"""Grades out of takings. Pure: the same shops and rules give the same grades.

A rank is the share of the peers that a shop is level with or above, in basis points; who has nothing has rank 0. The
score weighs the four ranks. So a grade says how a shop stands among its like, whatever the size of the month.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from yongquan.merchants.tiers.model import (
    MEASURES,
    WHOLE_BP,
    Grade,
    GridGrade,
    ShopFacts,
    ShopGrade,
    Takings,
    TierRules,
    Within,
)


def grade_shops(shops: Sequence[ShopFacts], rules: TierRules) -> list[ShopGrade]:
    """Every shop's grade among its peers, in the order given."""
    groups: dict[str, list[ShopFacts]] = defaultdict(list)
    for shop in shops:
        groups[_peers(shop, rules)].append(shop)
    ranked = {peers: _Ranks([shop.takings for shop in group]) for peers, group in groups.items()}
    graded = []
    for shop in shops:
        peers = _peers(shop, rules)
        grade = ranked[peers].grade(shop.takings, rules)
        graded.append(ShopGrade(shop, peers, grade, rules.step_of(grade.score_bp).visits_bp))
    return graded


def grade_grids(takings: Mapping[str, Takings], shops: Mapping[str, int], rules: TierRules) -> list[GridGrade]:
    """Every grid's grade among all grids, by code; the best that traded at all are the key grids."""
    ranks = _Ranks(list(takings.values()))
    graded = {code: ranks.grade(one, rules) for code, one in takings.items()}
    best = sorted(graded, key=lambda code: (-graded[code].score_bp, -takings[code].income, code))
    keys = len(best) * rules.key_grids.share_bp // WHOLE_BP
    key = {code for code in best[:keys] if graded[code].score_bp > 0}
    return [
        GridGrade(code, shops[code], graded[code], code in key, rules.key_grids.minutes_bp if code in key else WHOLE_BP)
        for code in sorted(graded)
    ]


def _peers(shop: ShopFacts, rules: TierRules) -> str:
    return shop.industry if rules.within is Within.INDUSTRY else Within.CITY.value


class _Ranks:
    def __init__(self, all_takings: Sequence[Takings]) -> None:
        self._sorted = [sorted(one.measures[n] for one in all_takings) for n in range(len(MEASURES))]
        self._count = len(all_takings)

    def grade(self, takings: Takings, rules: TierRules) -> Grade:
        ranks = tuple(
            bisect_right(known, value) * WHOLE_BP // self._count if value > 0 else 0
            for known, value in zip(self._sorted, takings.measures, strict=True)
        )
        score = sum(rank * weight for rank, weight in zip(ranks, rules.weights.all, strict=True)) // 100
        return Grade(rules.step_of(score).code, score, takings, ranks)
