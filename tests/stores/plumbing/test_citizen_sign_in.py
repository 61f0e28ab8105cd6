"""Citizens sign in with a code on their phone."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from yongquan.citizens.sign_in import NotAPhone, SignInDesk, TooManyCodes, WrongCode
from yongquan.kernel.ids import bucket_from, bucket_of
from yongquan.plumbing.db import Database
from yongquan.plumbing.sandbox_sms import SandboxPhones
from yongquan.plumbing.sealing import Sealing

NOW = datetime(2022, 2, 28, 2, tzinfo=UTC)
PHONE = "13800000001"


def desk_of(database: Database, sealing: Sealing) -> SignInDesk:
    return SignInDesk(database, sealing, SandboxPhones(database, sealing), cells=4)


async def code_on(desk: SignInDesk, phone: str = PHONE) -> str:
    text = await SandboxPhones(desk.database, desk.sealing).last_message(phone)
    found = re.search(r"\d{6}", text or "")
    assert found
    return found[0]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_new_phone_becomes_a_citizen_in_the_bucket_of_its_index(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)

        citizen_id = await desk.confirm(PHONE, await code_on(desk), now=NOW)

        assert bucket_of(citizen_id) == bucket_from(sealing.index(PHONE, what="phone"))
        async with database.transaction() as connection:
            rows = await connection.execute("select cell, citizen_id, name_sealed from citizens.citizen")
            cell, stored_id, name = (await rows.fetchall())[0]
        assert (cell, stored_id) == (bucket_of(citizen_id) % 4, citizen_id)
        assert sealing.open(name, what="name") == "市民0001"

    run(story)


def test_the_same_phone_is_the_same_citizen(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, found = desk_of(database, sealing), []
        for minutes in (0, 2):
            now = NOW + timedelta(minutes=minutes)
            await desk.send_code(PHONE, now=now)
            found.append(await desk.confirm(PHONE, await code_on(desk), now=now))

        assert found[0] == found[1]

    run(story)


def test_a_code_works_once(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)
        code = await code_on(desk)

        outcomes = await asyncio.gather(*(desk.confirm(PHONE, code, now=NOW) for _ in range(4)), return_exceptions=True)

        assert sum(isinstance(outcome, WrongCode) for outcome in outcomes) == 3

    run(story)


def test_a_code_is_good_for_five_minutes(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)

        with pytest.raises(WrongCode):
            await desk.confirm(PHONE, await code_on(desk), now=NOW + timedelta(minutes=5))

    run(story)


def test_after_five_wrong_tries_the_right_code_is_refused_too(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)
        code = await code_on(desk)
        for _ in range(5):
            with pytest.raises(WrongCode):
                await desk.confirm(PHONE, other_than(code), now=NOW)

        with pytest.raises(WrongCode):
            await desk.confirm(PHONE, code, now=NOW)

    run(story)


def test_a_code_of_another_phone_is_wrong(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)

        with pytest.raises(WrongCode):
            await desk.confirm("13800000002", await code_on(desk), now=NOW)

    run(story)


def test_a_phone_gets_one_code_a_minute(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)

        with pytest.raises(TooManyCodes):
            await desk.send_code(PHONE, now=NOW + timedelta(seconds=59))
        await desk.send_code("13800000002", now=NOW)
        await desk.send_code(PHONE, now=NOW + timedelta(seconds=60))

    run(story)


def test_a_phone_gets_ten_codes_a_business_day(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        for n in range(10):
            await desk.send_code(PHONE, now=NOW + timedelta(minutes=n))

        with pytest.raises(TooManyCodes):
            await desk.send_code(PHONE, now=NOW + timedelta(hours=13, minutes=59))
        await desk.send_code(PHONE, now=NOW + timedelta(hours=14))  # midnight in Shanghai

    run(story)


@pytest.mark.parametrize("phone", ["12800000001", "1380000000", "+8613800000001", "1380000000\u0661", "13800000001\n"])
def test_what_is_no_mobile_number_gets_no_code(run: Callable[..., None], sealing: Sealing, phone: str) -> None:
    async def story(database: Database) -> None:
        with pytest.raises(NotAPhone):
            await desk_of(database, sealing).send_code(phone, now=NOW)

    run(story)


def test_the_code_is_not_stored_plain(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = desk_of(database, sealing)
        await desk.send_code(PHONE, now=NOW)

        async with database.transaction() as connection:
            rows = await connection.execute(
                "select c::text, m::text from citizens.sign_in_code c, plumbing.sandbox_sms m"
            )
            stored = str(await rows.fetchall())

        assert (await code_on(desk)).encode().hex() not in stored
        assert PHONE.encode().hex() not in stored

    run(story)


def test_a_phone_without_messages_shows_none(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        assert await SandboxPhones(database, sealing).last_message(PHONE) is None

    run(story)
