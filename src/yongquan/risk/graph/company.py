"""Who keeps company with whom: citizens who share devices, cards, paybacks or moments, as a graph to peel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from yongquan.risk.graph.graph import Tie
from yongquan.risk.graph.peeling import DISCOUNT_C, Edges, dense_blocks

# How many occasions sharing one such thing is worth. One moment or one network is chance; a device, a card or a shop
# that pays both back is not.
OCCASIONS: Final = {
    "device": 2,
    "card": 2,
    "payback": 2,
    "moment": 1,
    "network": 1,
    "redeem": 1,
    "redeem_span": 1,
    "large": 1,
    "large_span": 1,
}
OCCASIONS_MIN: Final = 2
# What more people share is a public place (a mobile network's address, a stadium's gate): it ties nobody.
SHARERS_MAX: Final = 120
# A block of n who all share one device has density (n - 1) / 2 times its discount; five sharing two devices pass.
DENSITY_MIN: Final = 1.2
MEMBERS_MIN: Final = 4


@dataclass(frozen=True, slots=True)
class Company:
    """Citizens by number, and the suspicion between each pair that met often enough."""

    names: tuple[str, ...]
    edges: Edges


def company_of(ties: Iterable[Tie]) -> Company:
    """Join citizens who share things: each counts its occasions, discounted by how many share it."""
    rows = [(tie.one.value, tie.other.kind, tie.other.value) for tie in ties if tie.other.kind in OCCASIONS]
    frame = pl.DataFrame(rows, schema=["citizen", "kind", "value"], orient="row")
    pairs = _pairs(frame)
    names = pl.concat([pairs["citizen"], pairs["citizen_right"]]).unique().sort()
    number = pl.DataFrame({"name": names}).with_row_index("n")
    ends = [
        pairs.select(name=column).join(number, on="name", how="left", maintain_order="left")["n"].cast(pl.Int64)
        for column in ("citizen", "citizen_right")
    ]
    edges = Edges(
        len(names),
        ends[0].to_numpy(),
        ends[1].to_numpy(),
        pairs["weight"].to_numpy(),
        pl.zeros(len(names), pl.Float64, eager=True).to_numpy(),
    )
    return Company(tuple(names.to_list()), edges)


def groups_of(company: Company, *, density_min: float = DENSITY_MIN) -> list[tuple[tuple[str, ...], float]]:
    """Groups dense enough to be looked at, with their densities, the densest first."""
    return [
        (tuple(company.names[node] for node in block.nodes), block.density)
        for block in dense_blocks(company.edges, at_least=density_min)
        if len(block.nodes) >= MEMBERS_MIN
    ]


def _pairs(frame: pl.DataFrame) -> pl.DataFrame:
    kinds = pl.DataFrame(
        {"kind": list(OCCASIONS), "occasions": list(OCCASIONS.values())},
        schema={"kind": pl.String, "occasions": pl.Int64},
    )
    known = frame.cast(pl.String).with_columns(sharers=pl.len().over("kind", "value"))
    shared = known.filter(pl.col("sharers").is_between(2, SHARERS_MAX)).join(kinds, on="kind")
    shared = shared.with_columns(thing=pl.struct("kind", "value").rank("dense"))
    shared = shared.with_columns(weight=pl.col("occasions") / (pl.col("sharers") + DISCOUNT_C).log())
    right = shared.select("thing", "citizen")
    met = shared.select("thing", "citizen", "occasions", "weight").join(right, on="thing")
    return (
        met.filter(pl.col("citizen") < pl.col("citizen_right"))
        .group_by("citizen", "citizen_right")
        .agg(pl.col("occasions").sum(), pl.col("weight").sum())
        .filter(pl.col("occasions") >= OCCASIONS_MIN)
        .sort("citizen", "citizen_right")
    )
