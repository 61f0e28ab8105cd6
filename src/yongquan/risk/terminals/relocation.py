"""Terminals used away from their shop: by where they say they are, by the network they use, by who pays on them."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from yongquan.risk.findings import Finding, FindingKind, Party, Reason
from yongquan.risk.graph.dealings import DAY_US, SHANGHAI_US, Dealings, ShopFacts

PAYMENTS_MIN: Final = 5  # fewer say nothing
# Positions from satellites are good to some tens of metres, from cells to some hundreds.
AWAY_M: Final = 1_000.0
STRANGERS_MIN: Final = 0.25  # share of payers from one other division
STRANGERS_DAYS_MIN: Final = 2  # a coach party comes once
STRANGERS_A_DAY_MIN: Final = 3
# With tens of thousands of terminals, chance alone must do this less than once in a hundred days.
CHANCE_MAX: Final = 1e-6
NEW_LINE_MIN: Final = 0.8
SCORE_MIN: Final = 5_000
METRES_A_DEGREE: Final = 111_320.0


class Use(NamedTuple):
    """One payment on a terminal."""

    at_us: int
    store: str
    payer: str
    home: str
    lon: float | None
    lat: float | None
    line: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What speaks for a move: metres from the shop, the strangers' division with share and chance, a new line."""

    metres: float
    division: str
    strangers: float
    chance: float
    days: int
    new_line: float


def find_relocated(usual: Dealings, recent: Dealings, shops: Sequence[ShopFacts]) -> list[Finding]:
    """Terminals that in `recent` are used elsewhere than in `usual` or than their shop is, the surest first."""
    facts = {shop.store: shop for shop in shops}
    before, now = _uses(usual), _uses(recent)
    city = _shares(before)
    found = []
    for terminal, uses in sorted(now.items()):
        shop = facts.get(uses[0].store)
        if shop is not None and len(uses) >= PAYMENTS_MIN:
            finding = _judge(terminal, shop, _moved(shop, before.get(terminal, []), uses, city))
            if finding is not None:
                found.append(finding)
    return sorted(found, key=lambda finding: (-finding.score, finding.key))


def _uses(dealings: Dealings) -> dict[str, list[Use]]:
    uses: dict[str, list[Use]] = defaultdict(list)
    columns = ("terminal", "at_us", "payee", "payer", "home", "lon", "lat", "line")
    for terminal, *rest in dealings.payments.select(columns).iter_rows():
        if terminal:
            uses[terminal].append(Use(*rest))
    return uses


def _shares(uses: dict[str, list[Use]]) -> dict[str, float]:
    """The part of all payments by people of each division."""
    homes = Counter(use.home for those in uses.values() for use in those if use.home)
    return {home: count / homes.total() for home, count in homes.items()}


def _moved(shop: ShopFacts, before: Sequence[Use], now: Sequence[Use], city: dict[str, float]) -> Moved:
    away = [_metres(shop, use) for use in now if use.lon is not None]
    division, strangers, chance, days = _strangers(shop, before, now, city)
    known = {use.line for use in before if use.line}
    lines = [use.line for use in now if use.line]
    new = sum(line not in known for line in lines) / len(lines) if known and len(lines) >= PAYMENTS_MIN else 0.0
    return Moved(median(away) if len(away) >= PAYMENTS_MIN else 0.0, division, strangers, chance, days, new)


def _strangers(
    shop: ShopFacts, before: Sequence[Use], now: Sequence[Use], city: dict[str, float]
) -> tuple[str, float, float, int]:
    """The other division that most exceeds its usual part of the payers: its share, the chance of it, its days."""
    usual = Counter(home for _, home in {(use.payer, use.home) for use in before if use.home})
    people = {(use.payer, use.home) for use in now if use.home}
    homes = Counter(home for _, home in people)
    total = homes.total()
    best = ("", 0.0, 1.0, 0)
    for home, count in homes.items():
        if home == shop.adcode:
            continue
        # The terminal's own past, with five payments' worth of the city's.
        expected = (usual[home] + 5 * city.get(home, 0.0)) / (usual.total() + 5)
        chance = _tail(count, total, min(max(expected, 1e-3), 0.999))
        if chance < best[2]:
            best = (home, count / total, chance, _days_of(now, home))
    return best


def _days_of(now: Sequence[Use], home: str) -> int:
    """The days on which several people of a division paid."""
    seen = {((use.at_us + SHANGHAI_US) // DAY_US, use.payer) for use in now if use.home == home}
    return sum(people >= STRANGERS_A_DAY_MIN for people in Counter(day for day, _ in seen).values())


def _tail(count: int, total: int, expected: float) -> float:
    """The chance of at least `count` of `total` (binomial)."""
    log_p, log_q = math.log(expected), math.log1p(-expected)
    logs = [
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * log_p + (total - k) * log_q
        for k in range(count, total + 1)
    ]
    return min(sum(map(math.exp, logs)), 1.0)


def _judge(terminal: str, shop: ShopFacts, moved: Moved) -> Finding | None:
    is_away = moved.metres >= AWAY_M
    is_strange = moved.strangers >= STRANGERS_MIN and moved.chance <= CHANCE_MAX and moved.days >= STRANGERS_DAYS_MIN
    is_new_line = moved.new_line >= NEW_LINE_MIN
    # A shop that changed its router has a new line and nothing else.
    score = 7_000 * is_away + 6_000 * is_strange + 2_000 * is_new_line
    if score < SCORE_MIN:
        return None
    return Finding(
        kind=FindingKind.RELOCATED_TERMINAL,
        subject=Party("terminal", terminal),
        parties=(Party("terminal", terminal), Party("store", shop.store)),
        score=min(score, 10_000),
        reasons=tuple(_reasons(moved, is_away=is_away, is_strange=is_strange, is_new_line=is_new_line)),
        facts={
            "metres": round(moved.metres),
            "division": moved.division if is_strange else "",
            "strangers_bp": round(moved.strangers * 10_000),
            "new_line_bp": round(moved.new_line * 10_000),
        },
    )


def _reasons(moved: Moved, *, is_away: bool, is_strange: bool, is_new_line: bool) -> Iterator[Reason]:
    if is_away:
        yield Reason(
            "position",
            f"终端报告的位置距门店 {moved.metres / 1000:.1f} 公里",
            f"It says it is {moved.metres / 1000:.1f} km from its shop",
        )
    if is_strange:
        yield Reason(
            "homes",
            f"付款人有 {moved.strangers:.0%} 来自另一区县（{moved.division}），远超平时",
            f"{moved.strangers:.0%} of its payers live in another division ({moved.division}), far above the usual",
        )
    if is_new_line:
        yield Reason(
            "network",
            f"{moved.new_line:.0%} 的交易经由从未用过的网络",
            f"{moved.new_line:.0%} of its payments came over networks never used before",
        )


def _metres(shop: ShopFacts, use: Use) -> float:
    if shop.lon is None or shop.lat is None or use.lon is None or use.lat is None:
        return 0.0
    east = (shop.lon - use.lon) * METRES_A_DEGREE * math.cos(math.radians(shop.lat))
    return math.hypot(east, (shop.lat - use.lat) * METRES_A_DEGREE)
