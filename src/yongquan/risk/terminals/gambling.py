"""Shops that collect for online gambling: paid at night, in round and repeated amounts, by ever new people, and
emptied at once."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from yongquan.risk.findings import Finding, FindingKind, Party, Reason
from yongquan.risk.graph.dealings import DAY_US, PAYMENT, SHANGHAI_US, TRANSFER, Dealings

PAYMENTS_MIN: Final = 30
NIGHT_HOURS: Final = frozenset({23, 0, 1, 2, 3, 4, 5})
ROUND_FEN: Final = 5_000
REPEATED: Final = 5
OUT_WITHIN_US: Final = 7_200_000_000
SCORE_MIN: Final = 6_000
# What a share must reach to count in full; a night market reaches the first, a ticket office the second, a station's
# shop the third. Money that leaves within two hours is what all of these lack.
FULL: Final = {"night": 0.5, "round_": 0.8, "repeated": 0.7, "churn": 0.9, "out": 0.6}
POINTS: Final = {"night": 2_000, "round_": 2_000, "repeated": 1_000, "churn": 2_000, "out": 3_000}
MENTIONED: Final = 0.6
_WORDS: Final = {
    "night": ("的收款在 23 点至 6 点", "of its payments came between 23:00 and 6:00"),
    "round_": ("的金额是 50 元的整倍数", "of its amounts are multiples of 50 yuan"),
    "repeated": ("的金额重复于五个数", "of its amounts are one of five"),
    "churn": ("的付款人只来过一天", "of its payers came on one day only"),
    "out": ("的收款在两小时内转出", "of its takings left within two hours"),
}


class Taking(NamedTuple):
    """One payment to a shop, or one transfer from it."""

    at_us: int
    party: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Shares from 0 to 1 of one shop's payments, payers or takings."""

    payments: int
    night: float
    round_: float
    repeated: float
    churn: float
    out: float

    @property
    def score(self) -> int:
        """0 to 10,000."""
        return round(sum(points * self.part_of(name) for name, points in POINTS.items()))

    def part_of(self, name: str) -> float:
        """How much of its full weight a figure counts."""
        return min(float(getattr(self, name)) / FULL[name], 1.0)


def find_gambling(dealings: Dealings) -> list[Finding]:
    """Shops whose some days look like collecting for gambling, the surest first."""
    takings, outs = _of_shops(dealings, PAYMENT, 1, 0), _of_shops(dealings, TRANSFER, 0, 1)
    found = []
    for store, rows in takings.items():
        if len(rows) >= PAYMENTS_MIN:
            pattern = pattern_of(rows, outs.get(store, []))
            if pattern.score >= SCORE_MIN:
                found.append(_finding(store, pattern))
    return sorted(found, key=lambda finding: (-finding.score, finding.key))


def pattern_of(takings: Sequence[Taking], outs: Sequence[Taking]) -> Pattern:
    """The figures of one shop; `outs` are transfers from it."""
    count = len(takings)
    days: dict[str, set[int]] = defaultdict(set)
    for row in takings:
        days[row.party].add((row.at_us + SHANGHAI_US) // DAY_US)
    amounts = Counter(row.amount_fen for row in takings)
    hours = [(row.at_us + SHANGHAI_US) % DAY_US // 3_600_000_000 for row in takings]
    return Pattern(
        payments=count,
        night=sum(hour in NIGHT_HOURS for hour in hours) / count,
        round_=sum(row.amount_fen % ROUND_FEN == 0 for row in takings) / count,
        repeated=sum(times for _, times in amounts.most_common(REPEATED)) / count,
        churn=sum(len(seen) == 1 for seen in days.values()) / len(days),
        out=_left_soon(takings, outs),
    )


def _left_soon(takings: Sequence[Taking], outs: Sequence[Taking]) -> float:
    """The part of the takings that transfers took away within two hours, first in, first out."""
    waiting = [[row.at_us, row.amount_fen] for row in sorted(takings)]
    total_fen, left_fen, at = sum(row.amount_fen for row in takings), 0, 0
    for out in sorted(outs):
        amount_fen = out.amount_fen
        while amount_fen > 0 and at < len(waiting) and waiting[at][0] <= out.at_us:
            taken = min(amount_fen, waiting[at][1])
            if out.at_us - waiting[at][0] <= OUT_WITHIN_US:
                left_fen += taken
            amount_fen -= taken
            waiting[at][1] -= taken
            at += waiting[at][1] == 0
    return left_fen / total_fen if total_fen else 0.0


def _of_shops(dealings: Dealings, kind: str, store: int, party: int) -> dict[str, list[Taking]]:
    rows: dict[str, list[Taking]] = defaultdict(list)
    columns = ("payer", "payee", "at_us", "amount_fen", "kind")
    for row in dealings.frame.select(columns).iter_rows():
        if row[4] == kind:
            rows[row[store]].append(Taking(row[2], row[party], row[3]))
    return rows


def _finding(store: str, pattern: Pattern) -> Finding:
    return Finding(
        kind=FindingKind.GAMBLING_MERCHANT,
        subject=Party("store", store),
        parties=(Party("store", store),),
        score=pattern.score,
        reasons=tuple(_reasons(pattern)),
        facts={"payments": pattern.payments}
        | {f"{name.rstrip('_')}_bp": round(getattr(pattern, name) * 10_000) for name in POINTS},
    )


def _reasons(pattern: Pattern) -> Iterator[Reason]:
    for name, (zh, en) in _WORDS.items():
        if pattern.part_of(name) >= MENTIONED:
            share = f"{getattr(pattern, name):.0%}"
            yield Reason(name.rstrip("_"), f"{share} {zh}", f"{share} {en}")
