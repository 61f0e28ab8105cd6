"""Independent platforms: files are taken in once, overruns are flagged, one report is over all."""

import asyncio
import hashlib

import pytest
from stores.city import SEALING, small_city

from yongquan.flows.watch_platforms import UnknownPlatform, import_platform_day, report_platforms, set_share
from yongquan.institutions.platforms import COLUMNS, Platform
from yongquan.institutions.platforms_store import people_on_several
from yongquan.plumbing.db import Connection


def person(n: int) -> str:
    return hashlib.sha256(f"1390000000{n}".encode()).hexdigest()


def file_of(*rows: tuple[object, ...]) -> bytes:
    return "".join(f"{','.join(map(str, row))}\n" for row in [COLUMNS, *rows]).encode()


def issued(row: str, voucher: str, who: int, face: int = 500, day: str = "2022-02-21") -> tuple[object, ...]:
    return (row, "issued", day, voucher, person(who), "spring", face, 0, 0)


async def take(connection: Connection, platform: str, body: bytes) -> tuple[int, int, list[str]]:
    from datetime import UTC, datetime

    made = await import_platform_day(
        connection, SEALING, platform, body, name="d.csv", by="command", now=datetime.now(UTC)
    )
    return made.taken, made.repeated, [f"{e.line} {e.field}" for e in made.errors]


def test_days_are_taken_in_once_and_reported_together(fresh_database: str) -> None:
    async def run() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(stock=5)
            await city.claim(await city.citizen(), round_)
            async with city.database.transaction() as connection:
                await connection.execute(
                    """insert into institutions.funder (funder_id, name, name_en, kind, bank, account_no)
                       values ('bureau', '商务局', 'Bureau', 'bureau', 'zhenlan', 's') on conflict do nothing"""
                )
                for code in ("east", "west"):
                    share = Platform(code, code, code, "bureau", 1_500, 2, 1_000)
                    await set_share(connection, share, by="command", now=city.now)
                first = file_of(
                    *(issued("1", "v1", 1), issued("2", "v2", 1), issued("3", "v3", 1), issued("4", "v4", 2)),
                    ("5", "redeemed", "2022-02-22", "v1", person(1), "spring", 500, 3000, 500),
                    ("6", "redeemed", "2022-02-22", "v9", person(1), "spring", 500, 3000, 500),
                )

                taken = await take(connection, "east", first)
                again = await take(connection, "east", first)
                overlap = await take(connection, "east", file_of(issued("1", "v1", 1), issued("2", "v2", 3)))
                await take(connection, "west", file_of(issued("1", "w1", 2)))
                lines = await report_platforms(connection, "bureau")

                assert taken == again == (5, 0, ["7 voucher_no"])
                assert overlap == (0, 1, ["3 row_id"])
                assert [(li.platform.platform if li.platform else None, li.sums.issued) for li in lines] == [
                    *((None, 1), ("east", 4), ("west", 1)),
                ]
                assert {(o.kind, o.allowed, o.found) for o in lines[1].overruns} == {
                    *(("budget", 1_500, 2_000), ("person", 2, 3), ("day", 1_000, 2_000)),
                }
                assert (lines[1].pull_hundredths, lines[2].overruns) == (600, ())
                assert await people_on_several(connection) == 1
                with pytest.raises(UnknownPlatform):
                    await take(connection, "north", first)

    asyncio.run(run())
