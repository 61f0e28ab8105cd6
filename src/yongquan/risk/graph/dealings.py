"""What happened between payers and shops over some days, as columns, and the ties that it makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from yongquan.risk.findings import Party
from yongquan.risk.graph.graph import Tie

PAYMENT, REFUND, TRANSFER = "payment", "refund", "transfer"
DAY_US: Final = 86_400_000_000
SHANGHAI_US: Final = 28_800_000_000
# Two who pay at one shop within the same ten minutes met; gangs take their turns at the counter one after another.
MOMENT_US: Final = 600_000_000
# Vouchers and large payments are rarer than purchases, so that meeting within three hours says something.
SPAN_US: Final = 18 * MOMENT_US
LARGE_FEN: Final = 150_000
COLUMNS: Final[dict[str, pl.DataType]] = {
    "event_id": pl.String(),
    "kind": pl.String(),
    "at_us": pl.Int64(),
    "payer": pl.String(),
    "payee": pl.String(),
    "amount_fen": pl.Int64(),
    "voucher_fen": pl.Int64(),
    "device": pl.String(),
    "card": pl.String(),
    "terminal": pl.String(),
    "network": pl.String(),
    "line": pl.String(),
    "home": pl.String(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Dealings:
    """Events of some days in the order of time, in the columns of `COLUMNS`; what is not known is "" or null.

    A payment goes from a citizen to a shop, a refund bears the payment's payer and payee, a transfer goes from payer to
    payee. `network` is the payer's, `line` the terminal's; `home` is the payer's home division, `lon` and `lat` where
    the terminal said it was (WGS-84).
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Dealings":
        """Sorted, with every column; those that are missing are unknown."""
        known = [
            (pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind)).alias(name)
            for name, kind in COLUMNS.items()
        ]
        whole = frame.select(known).with_columns(
            pl.col(name).fill_null("") for name, kind in COLUMNS.items() if kind == pl.String
        )
        return cls(whole.with_columns(pl.col("voucher_fen").fill_null(0)).sort("at_us", "event_id"))

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def payments(self) -> pl.DataFrame:
        return self.frame.filter(pl.col("kind") == PAYMENT)

    @property
    def with_moment(self) -> pl.DataFrame:
        """The payments, each with the moment it was made in."""
        slot = (pl.col("at_us") // MOMENT_US).cast(pl.String)
        return self.payments.with_columns(moment=pl.col("payee") + "@" + slot)

    def days(self) -> list[int]:
        """The business days (Asia/Shanghai) that have payments, as days since 1970; refunds come later."""
        return self.payments.select(((pl.col("at_us") + SHANGHAI_US) // DAY_US).unique().sort()).to_series().to_list()

    def between(self, start_us: int, end_us: int) -> "Dealings":
        """What happened in the half-open period."""
        return Dealings(self.frame.filter((pl.col("at_us") >= start_us) & (pl.col("at_us") < end_us)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts:
    """What the library knows of a shop; "" and None are unknown. `operator` and `account` may be blind indexes.

    `since_us` is its registration, `lon` and `lat` its place (WGS-84).
    """

    store: str
    name: str = ""
    licence: str = ""
    operator: str = ""
    account: str = ""
    adcode: str = ""
    lon: float | None = None
    lat: float | None = None
    since_us: int = 0


def ties_of(dealings: Dealings) -> Iterator[Tie]:
    """The ties that these events make: a citizen with what was used, where and when, a shop with its terminals."""
    paid = dealings.with_moment
    for name in ("device", "card", "terminal", "network", "moment"):
        yield from _met(paid, "citizen", "payer", name, name)
    yield from _met(paid, "citizen", "payer", "store", "payee")
    redeemed = paid.filter(pl.col("voucher_fen") > 0)
    yield from _met(redeemed, "citizen", "payer", "redeem", "payee")
    yield from _met(redeemed.with_columns(span=_span()), "citizen", "payer", "redeem_span", "span")
    large = paid.filter(pl.col("amount_fen") >= LARGE_FEN)
    yield from _met(large, "citizen", "payer", "large", "payee")
    yield from _met(large.with_columns(span=_span()), "citizen", "payer", "large_span", "span")
    yield from _met(paid, "store", "payee", "terminal", "terminal")
    back = dealings.frame.filter(pl.col("kind") == TRANSFER)
    yield from _met(back, "citizen", "payee", "payback", "payer")


def ties_of_shops(shops: Iterable[ShopFacts]) -> Iterator[Tie]:
    """What the library ties a shop to."""
    for shop in shops:
        for kind, value in (("licence", shop.licence), ("operator", shop.operator), ("account", shop.account)):
            if value:
                yield Tie(Party("store", shop.store), Party(kind, value), 1, shop.since_us, shop.since_us)


def _span() -> pl.Expr:
    return pl.col("payee") + "@" + (pl.col("at_us") // SPAN_US).cast(pl.String)


def _met(frame: pl.DataFrame, one_kind: str, one: str, other_kind: str, other: str) -> Iterator[Tie]:
    rows = (
        frame.filter((pl.col(one) != "") & (pl.col(other) != ""))
        .group_by(pl.col(one).alias("one"), pl.col(other).alias("other"))
        .agg(pl.len(), pl.col("at_us").min().alias("first"), pl.col("at_us").max().alias("last"))
        .sort("one", "other")
    )
    for a, b, weight, first, last in rows.iter_rows():
        yield Tie(Party(one_kind, a), Party(other_kind, b), weight, first, last)
