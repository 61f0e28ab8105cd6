"""Vest-changers 马甲: a shop stops, and the same people go on under a new merchant number."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import polars as pl

from yongquan.risk.findings import Finding, FindingKind, Party, Reason
from yongquan.risk.graph.dealings import DAY_US, Dealings, ShopFacts

MARKS: Final = ("licence", "operator", "account", "terminal")
# A mark that more shops share is a chain's or a market hall's.
SHARED_BY_MAX: Final = 6
GAP_US_MAX: Final = 3 * DAY_US
PAYERS_MIN: Final = 5
SAME_PLACE_M: Final = 60.0
FOLLOWERS_MIN: Final = 0.15
METRES_A_DEGREE: Final = 111_320.0
# A new owner at the old counter keeps some customers and the place, and does not reach this.
SCORE_MIN: Final = 5_000
POINTS: Final = {"licence": 3_500, "operator": 3_000, "account": 3_500, "terminal": 3_500}
POINTS_PLACE, POINTS_FOLLOWERS, FULL_FOLLOWERS = 1_500, 3_000, 0.5
_ZH: Final = {"licence": "营业执照", "operator": "经营者", "account": "结算账户", "terminal": "终端"}


@dataclass(frozen=True, slots=True)
class Trade:
    """When a shop traded in the days looked at, and with whom."""

    first_us: int
    last_us: int
    payers: frozenset[str]


def find_vests(dealings: Dealings, shops: Sequence[ShopFacts]) -> list[Finding]:
    """Pairs of shops of which the second went on where the first stopped, the surest first."""
    trades = _trades(dealings)
    facts = {shop.store: shop for shop in shops}
    marks = _marks(dealings, shops)
    found = []
    for one, other in sorted(_suspects(marks, trades)):
        old, new = sorted((one, other), key=lambda store: (trades[store].first_us, store))
        if _follows(trades[old], trades[new], dealings):
            finding = _judge(facts.get(old), facts.get(new), trades[old], trades[new], marks[old] & marks[new])
            if finding is not None:
                found.append(finding)
    return sorted(found, key=lambda finding: (-finding.score, finding.key))


def _trades(dealings: Dealings) -> dict[str, Trade]:
    rows = dealings.payments.group_by("payee").agg(
        pl.col("at_us").min().alias("first"), pl.col("at_us").max().alias("last"), pl.col("payer").unique()
    )
    return {store: Trade(first, last, frozenset(payers)) for store, first, last, payers in rows.iter_rows()}


def _marks(dealings: Dealings, shops: Sequence[ShopFacts]) -> dict[str, frozenset[tuple[str, str]]]:
    marks: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for shop in shops:
        marks[shop.store] |= {(m, getattr(shop, m)) for m in MARKS[:3] if getattr(shop, m)}
    used = dealings.payments.filter(pl.col("terminal") != "").select("payee", "terminal").unique()
    for store, terminal in used.iter_rows():
        marks[store].add(("terminal", terminal))
    return defaultdict(frozenset, {store: frozenset(those) for store, those in marks.items()})


def _suspects(marks: dict[str, frozenset[tuple[str, str]]], trades: dict[str, Trade]) -> Iterator[tuple[str, str]]:
    """Pairs that trade and share a mark or many payers, each once."""
    by_mark: dict[tuple[str, str], list[str]] = defaultdict(list)
    for store in sorted(trades):
        for mark in marks[store]:
            by_mark[mark].append(store)
    pairs = {pair for stores in by_mark.values() if len(stores) <= SHARED_BY_MAX for pair in combinations(stores, 2)}
    yield from pairs | _following(trades)


def _following(trades: dict[str, Trade]) -> set[tuple[str, str]]:
    """Pairs of a shop that stopped and one that began after it, with common payers."""
    firsts, lasts = [t.first_us for t in trades.values()], [t.last_us for t in trades.values()]
    if not firsts:
        return set()
    began = {s for s, t in trades.items() if t.first_us > min(firsts) + DAY_US and len(t.payers) >= PAYERS_MIN}
    ended = {s for s, t in trades.items() if t.last_us < max(lasts) - DAY_US and len(t.payers) >= PAYERS_MIN}
    customers: dict[str, list[str]] = defaultdict(list)
    for store in ended:
        for payer in trades[store].payers:
            customers[payer].append(store)
    pairs = {(old, new) for new in began for payer in trades[new].payers for old in customers.get(payer, ())}
    return {(min(p), max(p)) for p in pairs if p[0] != p[1]}


def _follows(old: Trade, new: Trade, dealings: Dealings) -> bool:
    """Whether the new one began when the old one had stopped, within the days looked at."""
    last_us = int(dealings.frame["at_us"][-1])
    return old.last_us <= new.first_us <= old.last_us + GAP_US_MAX and old.last_us < last_us - DAY_US


def _judge(
    old: ShopFacts | None, new: ShopFacts | None, was: Trade, now: Trade, shared: frozenset[tuple[str, str]]
) -> Finding | None:
    if old is None or new is None or len(now.payers) < PAYERS_MIN:
        return None
    kinds = sorted({kind for kind, _ in shared})
    followers = len(was.payers & now.payers) / len(now.payers)
    is_near = _metres(old, new) <= SAME_PLACE_M
    points = sum(POINTS[kind] for kind in kinds) + POINTS_PLACE * is_near
    if followers >= FOLLOWERS_MIN:
        points += round(POINTS_FOLLOWERS * min(followers / FULL_FOLLOWERS, 1.0))
    # Customers or a counter that stay: without them it is a chain that closed one shop and opened another.
    if points < SCORE_MIN or not (is_near or followers >= FOLLOWERS_MIN):
        return None
    return Finding(
        kind=FindingKind.VEST_CHANGER,
        subject=Party("store", new.store),
        parties=(Party("store", old.store), Party("store", new.store)),
        score=min(points, 10_000),
        reasons=tuple(_reasons(kinds, followers, is_near=is_near)),
        facts={"marks": ",".join(kinds), "followers_bp": round(followers * 10_000), "old": old.store},
    )


def _reasons(kinds: Sequence[str], followers: float, *, is_near: bool) -> Iterator[Reason]:
    yield Reason(
        "succession", "旧商户号停止交易后新商户号随即开始", "The new merchant number began when the old one stopped"
    )
    for kind in kinds:
        yield Reason(kind, f"两个商户号的{_ZH[kind]}相同", f"Both merchant numbers have the same {kind}")
    if followers >= FOLLOWERS_MIN:
        yield Reason(
            "followers",
            f"新商户号的付款人有 {followers:.0%} 是旧商户号的顾客",
            f"{followers:.0%} of the new one's payers were the old one's",
        )
    if is_near:
        yield Reason("place", "两店在同一地点", "Both are at the same place")


def _metres(old: ShopFacts, new: ShopFacts) -> float:
    if old.lon is None or old.lat is None or new.lon is None or new.lat is None:
        return math.inf
    east = (old.lon - new.lon) * METRES_A_DEGREE * math.cos(math.radians(old.lat))
    return math.hypot(east, (old.lat - new.lat) * METRES_A_DEGREE)
