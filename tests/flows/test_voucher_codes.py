"""Codes against a real PostgreSQL: made in bulk, redeemed once, guessed in vain, stopped."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flows.test_push_vouchers import OFFICER
from stores.city import SEALING, SmallCity, small_city
from stores.vouchers.test_claims import proved

from yongquan.flows.generate_codes import MadeCodes, generate_codes, stop_codes
from yongquan.flows.redeem_code import (
    CodeRefused,
    GuessingTooMuch,
    NotACode,
    UnknownVoucherCode,
    VoucherCodeUsed,
    redeem_code,
)
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.vouchers.model import Caps, Round, RoundMode
from yongquan.vouchers.views import WalletRow
from yongquan.vouchers.ways.codes import fresh_codes
from yongquan.vouchers.ways.codes_store import batches_for_desk


def lines_of(file: Path) -> list[str]:
    return file.read_text().split()[1:]


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def made(city: SmallCity, round_: Round, file: Path, *, count: int = 3) -> tuple[MadeCodes, list[str]]:
    batch = await generate_codes(
        city.database,
        SEALING,
        round_id=round_.round_id,
        type_id=None,
        count=count,
        out=file,
        name="批",
        actor="command",
        now=city.now,
        tell=lambda done: None,
    )
    return batch, lines_of(file)


async def redeem(city: SmallCity, citizen: UUID, code: str, *, later: timedelta = timedelta()) -> WalletRow:
    now = city.now + later
    return await redeem_code(city.database, SEALING, code, citizen_id=citizen, cells=city.cells, now=now)


def test_a_code_is_one_voucher_for_whoever_comes_first(fresh_database: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            batch, codes = await made(city, await city.round(mode=RoundMode.CODE), tmp_path / "codes.csv")
            first, second = await city.citizen(), await city.citizen()

            outcomes = await asyncio.gather(
                redeem(city, first, codes[0]), redeem(city, second, codes[0]), return_exceptions=True
            )
            won = next(one for one in outcomes if isinstance(one, WalletRow))
            winner = first if outcomes[0] is won else second
            again = await redeem(city, winner, codes[0].lower())

            assert sum(isinstance(one, VoucherCodeUsed) for one in outcomes) == 1
            assert again.voucher_id == won.voucher_id
            assert batch.count == len(codes) == 3
            async with city.database.transaction() as connection:
                (report,) = await batches_for_desk(connection, places=None)
                kept = await (await connection.execute("select code_hash::text from vouchers.code")).fetchall()
            assert (report.size, report.redeemed, report.used, report.state) == (3, 1, 0, "active")
            assert not any(code.replace("-", "").lower() in str(kept) for code in codes)
            assert await proved(city)

    asyncio.run(scene())


def test_guessing_shuts_the_door_for_a_quarter_of_an_hour(fresh_database: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            _, codes = await made(city, await city.round(mode=RoundMode.CODE), tmp_path / "codes.csv")
            guesser = await city.citizen()

            for wrong in fresh_codes(5):
                with pytest.raises(UnknownVoucherCode):
                    await redeem(city, guesser, wrong)

            with pytest.raises(GuessingTooMuch):
                await redeem(city, guesser, codes[0])
            with pytest.raises(NotACode):
                await redeem(city, guesser, "0" * 15 + "1")
            assert (await redeem(city, guesser, codes[0], later=timedelta(minutes=16))).state == "held"

    asyncio.run(scene())


def test_a_stopped_batch_a_closed_round_and_a_cap_refuse(fresh_database: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(mode=RoundMode.CODE, caps=Caps(per_round=1))
            batch, codes = await made(city, round_, tmp_path / "codes.csv")
            citizen, other = await city.citizen(), await city.citizen()
            await redeem(city, citizen, codes[0])

            async def refusal(who: UUID, code: str, later: timedelta = timedelta()) -> str:
                with pytest.raises(Refusal) as caught:
                    await redeem(city, who, code, later=later)
                return caught.value.code

            assert await refusal(citizen, codes[1]) == "cap_reached"
            assert await refusal(other, codes[1], timedelta(days=2)) == "closed"
            assert await refusal(other, codes[1], -timedelta(days=2)) == "not_open"
            await stop_codes(city.database, batch.batch_id, staff=OFFICER, reason="泄露", now=city.now)
            assert await refusal(other, codes[1]) == "voucher_code_unknown"
            assert (await redeem(city, citizen, codes[0])).state == "held"
            assert CodeRefused("closed").code == "closed"

    asyncio.run(scene())


def test_codes_are_made_of_rounds_of_mode_code_and_never_written_over(fresh_database: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            grab, several = await city.round(), await city.round(mode=RoundMode.CODE, types=2)
            taken = tmp_path / "taken.csv"
            taken.write_text("precious")

            with pytest.raises(BadInput, match="not of mode code"):
                await made(city, grab, tmp_path / "a.csv")
            with pytest.raises(BadInput, match="has 2 voucher types"):
                await made(city, several, tmp_path / "b.csv")
            with pytest.raises(BadInput, match="already"):
                await made(city, grab, taken)
            assert names_in(tmp_path) == ["taken.csv"]
            assert taken.read_text() == "precious"

    asyncio.run(scene())
