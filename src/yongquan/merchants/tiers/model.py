"""How shops and grids are graded: measures, rules, grades. Amounts in fen, shares and ranks in basis points."""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from yongquan.kernel.errors import BadInput
from yongquan.merchants.rulebooks.reading import read_rules

WHOLE_BP = 10_000
MOST_BP = 50_000  # nothing is visited more than five times as often as usual
_CODE = re.compile(r"[0-9A-Za-z]{1,8}")
MEASURES = ("trade", "income", "activity", "users")


class Within(StrEnum):
    """Whom a shop is ranked among."""

    INDUSTRY = "industry"
    CITY = "city"


@dataclass(frozen=True, slots=True)
class Takings:
    """What a shop or a grid did in a month: payments, fen net of refunds, days with one, people who paid."""

    trade: int = 0
    income: int = 0
    activity: int = 0
    users: int = 0

    @property
    def measures(self) -> tuple[int, int, int, int]:
        """In the order of `MEASURES`."""
        return (self.trade, self.income, self.activity, self.users)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each measure's rank counts, in percent of the score; together 100."""

    trade: int
    income: int
    activity: int
    users: int

    @property
    def all(self) -> tuple[int, int, int, int]:
        """In the order of `MEASURES`."""
        return (self.trade, self.income, self.activity, self.users)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A tier: from which score on, and how often its shops are visited, of the usual."""

    code: str
    name: str
    name_en: str
    from_bp: int
    visits_bp: int = WHOLE_BP


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGrids:
    """The share of the grids, the best first, that get more time, and how much of the usual."""

    share_bp: int
    minutes_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRules:
    """The rules of a version; steps go from the highest score down to 0."""

    weights: Weights
    tiers: tuple[Step, ...]
    key_grids: KeyGrids
    within: Within = Within.INDUSTRY

    def step_of(self, score_bp: int) -> Step:
        """The tier of a score."""
        return next(step for step in self.tiers if score_bp >= step.from_bp)


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """A shop of the month, with its grid ('' for none)."""

    store_id: UUID
    industry: str
    grid: str
    takings: Takings


@dataclass(frozen=True, slots=True)
class Grade:
    """A tier with what made it: ranks in the order of `MEASURES` among the peers."""

    tier: str
    score_bp: int
    takings: Takings
    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShopGrade:
    """A shop's grade, whom it was ranked among, and how often it is visited, of the usual."""

    shop: ShopFacts
    peers: str
    grade: Grade
    visits_bp: int


@dataclass(frozen=True, slots=True)
class GridGrade:
    """A grid's grade, and how much time it gets, of the usual."""

    code: str
    shops: int
    grade: Grade
    is_key: bool
    minutes_bp: int


FIRST_RULES = """\
# 名次按同行业门店排；得分 = 各项名次 × 权重。Ranks are among shops of one industry; the score weighs them.
within: industry
weights: {trade: 30, income: 30, activity: 20, users: 20}
tiers:
  - {code: A, name: 重点, name_en: Key, from_bp: 8000, visits_bp: 15000}
  - {code: B, name: 活跃, name_en: Active, from_bp: 5000, visits_bp: 10000}
  - {code: C, name: 一般, name_en: Fair, from_bp: 1, visits_bp: 10000}
  - {code: D, name: 静默, name_en: Silent, from_bp: 0, visits_bp: 10000}
key_grids: {share_bp: 2000, minutes_bp: 12500}
"""


def read_tier_rules(document: str) -> TierRules:
    """Rules out of their YAML. Raises `BadInput`."""
    rules = read_rules(document, TierRules)
    if sum(rules.weights.all) != 100 or min(rules.weights.all) < 0:
        raise BadInput("$.weights: four numbers from 0 that add up to 100")
    codes = [step.code for step in rules.tiers]
    if not rules.tiers or len(set(codes)) < len(codes) or any(not _CODE.fullmatch(code) for code in codes):
        raise BadInput("$.tiers: one or more, each with a code of its own of 1 to 8 letters or digits")
    bounds = [step.from_bp for step in rules.tiers]
    if bounds[-1] != 0 or any(a <= b for a, b in pairwise(bounds)) or bounds[0] > WHOLE_BP:
        raise BadInput("$.tiers: from_bp goes down from 10000 at most, and the last is 0")
    rates = [step.visits_bp for step in rules.tiers] + [rules.key_grids.minutes_bp]
    if any(not 0 <= rate <= MOST_BP for rate in rates):
        raise BadInput(f"visits_bp and minutes_bp: from 0 to {MOST_BP}")
    if not 0 <= rules.key_grids.share_bp <= WHOLE_BP:
        raise BadInput("$.key_grids.share_bp: from 0 to 10000")
    return rules
