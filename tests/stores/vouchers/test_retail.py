"""Retail figures are read strictly, replace themselves, and are ranked among the cities that are known."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import opened
from yongquan.vouchers.retail import latest_retail, ranked, read_retail, save_retail

HEAD = "month,city,growth_percent,sales_yuan\n"
ROWS = "2022-08,宁波,7.25,41230000000\n2022-08,Hangzhou,7.25,\n2022-08,330300,9,\n2022-07,宁波市,-1.5,\n"
NOW = datetime(2022, 9, 20, tzinfo=UTC)


def file_of(folder: Path, text: str) -> Path:
    file = folder / "retail.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_rank_counts_who_grew_faster_and_equals_share_it(tmp_path: Path) -> None:
    july, august = ranked(read_retail(file_of(tmp_path, HEAD + ROWS)))

    assert (july.growth_bp, july.rank, july.of) == (-150, 1, 1)
    assert (august.growth_bp, august.rank, august.of, august.sales_yuan) == (725, 2, 3, 41_230_000_000)


def test_a_month_that_comes_again_replaces_what_was_known(tmp_path: Path, fresh_database: str) -> None:
    async def scene() -> None:
        async with opened(fresh_database) as database, database.transaction() as connection:
            await save_retail(connection, read_retail(file_of(tmp_path, HEAD + ROWS)), now=NOW)
            again = read_retail(file_of(tmp_path, HEAD + "2022-08,宁波,10.01,\n"))
            await save_retail(connection, again, now=NOW)

            known = ranked(await latest_retail(connection))

        assert [(m.growth_bp, m.rank) for m in known] == [(-150, 1), (1001, 1)]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2022-13,宁波,1,", "line 2: month"),
        ("2022-08,上海,1,", "line 2: city"),
        ("2022-08,宁波,,", "line 2: growth_percent"),
        ("2022-08,宁波,1.234,", "line 2: growth_percent"),
        ("2022-08,宁波,nan,", "line 2: growth_percent"),
        ("2022-08,宁波,1,1.5", "line 2: sales_yuan"),
        ("2022-08,宁波,1,\n2022-08,330200,2,", "line 3: Ningbo has this month twice"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_retail(file_of(tmp_path, f"{HEAD}{row}\n"))


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="line 1: the columns"):
        read_retail(file_of(tmp_path, "city,month\n"))
