"""How right findings are against a known truth, and how right simple degree counts would be."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from yongquan.risk.findings import Party
from yongquan.risk.graph.dealings import Dealings


@dataclass(frozen=True, slots=True)
class Right:
    """Counts of parties: planted, found, and found rightly."""

    planted: int
    found: int
    caught: int

    @property
    def precision(self) -> float:
        return self.caught / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.caught / self.planted if self.planted else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.caught / (self.planted + self.found) if self.planted + self.found else 0.0

    def document(self) -> dict[str, int | float]:
        """Counts, and shares to three places."""
        return {
            "planted": self.planted,
            "caught": self.caught,
            "false_alarms": self.found - self.caught,
            "precision": round(self.precision, 3),
            "recall": round(self.recall, 3),
        }


def right(found: Collection[Party], truth: Collection[Party]) -> Right:
    """Compare what was found with the truth."""
    wanted, seen = frozenset(truth), frozenset(found)
    return Right(len(wanted), len(seen), len(wanted & seen))


def degree_counts(dealings: Dealings) -> dict[Party, int]:
    """The baseline's scores: of a citizen, the most accounts on a phone used; of a shop, the payers with vouchers."""
    paid = dealings.payments
    phones = paid.filter(pl.col("device") != "").with_columns(sharers=pl.col("payer").n_unique().over("device"))
    citizens = phones.group_by("payer").agg(pl.col("sharers").max()).sort("payer")
    shops = paid.filter(pl.col("voucher_fen") > 0).group_by("payee").agg(pl.col("payer").n_unique()).sort("payee")
    counts = {Party("citizen", name): int(count) for name, count in citizens.iter_rows()}
    return counts | {Party("store", name): int(count) for name, count in shops.iter_rows()}


def best_by_degree(counts: Mapping[Party, int], truth: Collection[Party]) -> Right:
    """The baseline with the thresholds that suit this very truth best: more than it could know."""
    best = Right(len(frozenset(truth)), 0, 0)
    wanted = frozenset(truth)
    by_kind = {kind: [p for p in counts if p.kind == kind] for kind in ("citizen", "store")}
    cuts = {kind: sorted({counts[party] for party in parties})[-40:] for kind, parties in by_kind.items()}
    hits = {
        kind: {cut: frozenset(p for p in by_kind[kind] if counts[p] >= cut) for cut in [*cuts[kind], 10**9]}
        for kind in by_kind
    }
    for citizens in hits["citizen"].values():
        for stores in hits["store"].values():
            tried = right(citizens | stores, wanted)
            if tried.f1 > best.f1:
                best = tried
    return best
