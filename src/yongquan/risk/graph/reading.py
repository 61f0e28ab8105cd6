"""Dealings out of a file of events, in the columns of `yongquan risk fit` and some more."""

from pathlib import Path
from typing import Final

import polars as pl

from yongquan.kernel.errors import BadInput
from yongquan.risk.graph.dealings import PAYMENT, REFUND, TRANSFER, Dealings, ShopFacts
from yongquan.risk.model.events import Ints
from yongquan.risk.model.reading import read_events, read_texts

# Of a payment: column of the file -> column of dealings. Of a shop: told by its first row that tells anything.
TEXTS: Final = {
    "device_id": "device",
    "card_id": "card",
    "terminal_id": "terminal",
    "network": "network",
    "terminal_network": "line",
    "home": "home",
}
NUMBERS: Final = ("voucher_fen", "lon", "lat")
OF_SHOP: Final = ("licence", "operator", "account", "store_adcode", "store_lon", "store_lat")


def read_dealings(file: Path) -> tuple[Dealings, tuple[ShopFacts, ...]]:
    """Read events; kinds refund and transfer are what they say, every other kind is a payment.

    Raises `BadInput` with file, line and column.
    """
    events, _ = read_events(file)
    texts = read_texts(file)[events.position]
    frame = texts.select(
        pl.col("event_id").str.strip_chars(),
        payer=pl.col("payer_id").str.strip_chars(),
        payee=pl.col("payee_id").str.strip_chars(),
        kind=_kind(texts),
        **{new: pl.col(old).str.strip_chars() for old, new in TEXTS.items() if old in texts.columns},
    ).with_columns(
        pl.Series("at_us", events.at_us),
        pl.Series("amount_fen", events.amount_fen),
        *(_number(file, texts, name, events.position) for name in NUMBERS if name in texts.columns),
    )
    return Dealings.of(frame), _shops(file, texts, events.position)


def _kind(texts: pl.DataFrame) -> pl.Expr:
    if "kind" not in texts.columns:
        return pl.lit(PAYMENT)
    kind = pl.col("kind").str.strip_chars()
    return pl.when(kind.is_in([REFUND, TRANSFER])).then(kind).otherwise(pl.lit(PAYMENT))


def _number(file: Path, texts: pl.DataFrame, name: str, position: Ints) -> pl.Series:
    text = texts[name].str.strip_chars()
    value = text.cast(pl.Float64, strict=False)
    wrong = ((text != "") & ~value.is_finite().fill_null(value=False)).arg_max()
    if wrong is not None and text[wrong] != "" and value[wrong] is None:
        line = int(position[wrong]) + 2
        raise BadInput(f"{file}: line {line}: {name} {text[wrong][:40]!r} is not a number")
    return (value.cast(pl.Int64) if name.endswith("_fen") else value).alias(name)


def _shops(file: Path, texts: pl.DataFrame, position: Ints) -> tuple[ShopFacts, ...]:
    """What the rows tell of each shop; a file without such columns tells nothing."""
    known = [name for name in OF_SHOP if name in texts.columns]
    places = {name: _number(file, texts, name, position) for name in ("store_lon", "store_lat") if name in known}
    frame = texts.select(pl.col("payee_id").str.strip_chars().alias("store"), *known, kind=_kind(texts)).with_columns(
        *places.values()
    )
    told = frame.filter(pl.col("kind") != TRANSFER).drop("kind")
    first = (
        told.group_by("store", maintain_order=True).agg(pl.all().filter(pl.all() != "").first())
        if not places
        else (told.group_by("store", maintain_order=True).first())
    )
    return tuple(
        ShopFacts(
            store=row["store"],
            licence=row.get("licence") or "",
            operator=row.get("operator") or "",
            account=row.get("account") or "",
            adcode=row.get("store_adcode") or "",
            lon=row.get("store_lon"),
            lat=row.get("store_lat"),
        )
        for row in first.iter_rows(named=True)
    )
