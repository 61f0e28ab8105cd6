"""Monthly retail sales of Zhejiang's eleven cities: read from a file of the statistics office's figures, and ranked.

The file is CSV in UTF-8 with a header: `month,city,growth_percent,sales_yuan`. `month` is YYYY-MM, `city` the
adcode or the Chinese or English name, `growth_percent` year on year with at most two decimals, `sales_yuan` whole
yuan and may be empty. A month that is imported again replaces what was there.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Final

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Connection

CITIES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "330100": ("杭州", "Hangzhou"),
        "330200": ("宁波", "Ningbo"),
        "330300": ("温州", "Wenzhou"),
        "330400": ("嘉兴", "Jiaxing"),
        "330500": ("湖州", "Huzhou"),
        "330600": ("绍兴", "Shaoxing"),
        "330700": ("金华", "Jinhua"),
        "330800": ("衢州", "Quzhou"),
        "330900": ("舟山", "Zhoushan"),
        "331000": ("台州", "Taizhou"),
        "331100": ("丽水", "Lishui"),
    }
)
HOME: Final = "330200"
_COLUMNS: Final = ["month", "city", "growth_percent", "sales_yuan"]
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_SAVE = """
insert into vouchers.retail (month, city, sales_yuan, growth_bp, imported_at)
select u.month, u.city, u.sales, u.growth, %s
  from unnest(%s::date[], %s::text[], %s::bigint[], %s::int[]) as u(month, city, sales, growth)
on conflict (month, city) do update
   set sales_yuan = excluded.sales_yuan, growth_bp = excluded.growth_bp, imported_at = excluded.imported_at
"""
_LATEST = """
select month, city, sales_yuan, growth_bp from vouchers.retail
 where month > (select max(month) from vouchers.retail) - make_interval(months => %s) order by month, city
"""


@dataclass(frozen=True, slots=True)
class Retail:
    """A city's month: sales in yuan (None: not published), growth over the year before in basis points."""

    month: date
    city: str
    sales_yuan: int | None
    growth_bp: int


@dataclass(frozen=True, slots=True)
class RetailMonth:
    """The home city's month and its rank by growth among the cities that are known; equal growth shares a rank."""

    month: date
    sales_yuan: int | None
    growth_bp: int
    rank: int
    of: int


def read_retail(file: Path) -> list[Retail]:
    """The rows of a file. Raises `BadInput` naming file, line and field."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            rows = csv.DictReader(source)
            if rows.fieldnames != _COLUMNS:
                raise BadInput(f"{file} line 1: the columns must be {','.join(_COLUMNS)}")
            return list(_read(file, rows))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{file}: {error}") from error


def ranked(rows: Sequence[Retail], *, home: str = HOME) -> list[RetailMonth]:
    """The home city's months with its rank in each, in order of time."""
    months = sorted({row.month for row in rows})
    told = []
    for month in months:
        cities = {row.city: row for row in rows if row.month == month}
        if home in cities:
            own = cities[home]
            ahead = sum(row.growth_bp > own.growth_bp for row in cities.values())
            told.append(RetailMonth(month, own.sales_yuan, own.growth_bp, ahead + 1, len(cities)))
    return told


async def save_retail(connection: Connection, rows: Sequence[Retail], *, now: datetime) -> None:
    """Keep the rows; a month that is known already is replaced."""
    named = ("month", "city", "sales_yuan", "growth_bp")
    await connection.execute(_SAVE, [now, *([getattr(row, name) for row in rows] for name in named)])


async def latest_retail(connection: Connection, *, months: int = 24) -> list[Retail]:
    """Every city's last months that are known."""
    return [Retail(*row) for row in await (await connection.execute(_LATEST, [months])).fetchall()]


def _read(file: Path, rows: "csv.DictReader[str]") -> Iterator[Retail]:
    seen: set[tuple[date, str]] = set()
    codes = {name: code for code, names in CITIES.items() for name in (code, *names, f"{names[0]}市")}
    for row in rows:
        where = f"{file} line {rows.line_num}"
        month = _MONTH.fullmatch((row["month"] or "").strip())
        if month is None:
            raise BadInput(f"{where}: month {row['month']!r} is not YYYY-MM")
        city = codes.get((row["city"] or "").strip())
        if city is None:
            raise BadInput(f"{where}: city {row['city']!r} is none of {', '.join(n for _, n in CITIES.values())}")
        read = Retail(
            date(int(month[1]), int(month[2]), 1), city, _sales(where, row["sales_yuan"]), _growth(where, row)
        )
        if (read.month, city) in seen:
            raise BadInput(f"{where}: {CITIES[city][1]} has this month twice")
        seen.add((read.month, city))
        yield read


def _sales(where: str, text: str | None) -> int | None:
    given = (text or "").strip()
    if given and not (given.isascii() and given.isdigit() and int(given) > 0):
        raise BadInput(f"{where}: sales_yuan {text!r} is not whole yuan")
    return int(given) if given else None


def _growth(where: str, row: Mapping[str, str | None]) -> int:
    text = (row["growth_percent"] or "").strip()
    try:
        hundredths = Decimal(text) * 100
    except InvalidOperation:
        raise BadInput(f"{where}: growth_percent {text!r} is not a number") from None
    if not hundredths.is_finite() or hundredths != int(hundredths) or abs(hundredths) > 100_000:
        raise BadInput(f"{where}: growth_percent {text!r} must have at most two decimals and be below 1000")
    return int(hundredths)
