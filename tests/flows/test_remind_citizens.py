"""Reminders: only for who asked, each once, never in the quiet hours, and ended by the link in the message."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from stores.city import SEALING, SmallCity, small_city

from yongquan.citizens.reminders import (
    NotThisLink,
    Reminder,
    citizen_of_stop_code,
    reminders_of,
    stop_code,
    wish_reminders,
)
from yongquan.flows.remind_citizens import Reminders, is_quiet, text_of
from yongquan.kernel.errors import Outage
from yongquan.plumbing.clock import business_day, day_start


@dataclass
class Phones:
    """Phones that keep what they get; they may be out of reach."""

    got: list[tuple[str, str]] = field(default_factory=list)
    unreachable: bool = False

    async def send(self, phone: str, text: str) -> None:
        if self.unreachable:
            raise Outage("no answer")
        self.got.append((phone, text))


async def wish(city: SmallCity, citizen: UUID, *kinds: Reminder, language: str = "zh-CN") -> None:
    async with city.database.transaction() as connection:
        await wish_reminders(connection, 0, citizen, kinds, language=language, now=city.now)


def at(city: SmallCity, hour: int, *, days: int = 1) -> datetime:
    """An hour (Shanghai) of a coming day."""
    return day_start(business_day(city.now) + timedelta(days=days)) + timedelta(hours=hour)


def test_who_asked_is_told_of_the_next_round_once(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            asked, _ = await city.citizen(), await city.citizen()
            await wish(city, asked, Reminder.NEXT_ROUND)
            opens = at(city, 12)
            for _ in range(2):
                await city.round(opens_at=opens, closes_at=opens + timedelta(hours=3))
            phones = Phones()
            desks = [Reminders(city.database, SEALING, phones, "https://city.example") for _ in range(3)]

            early = await desks[0].remind(now=opens - timedelta(minutes=31))
            sent = await asyncio.gather(*(desk.remind(now=opens - timedelta(minutes=29)) for desk in desks))
            again = await desks[0].remind(now=opens - timedelta(minutes=5))

            assert (early, sum(sent), again) == (0, 1, 0)
            ((phone, text),) = phones.got
            assert phone == "13900000001"
            assert (
                text
                == f"【涌泉】12:00 开放领券：轮等 2 轮。退订：https://city.example/c/stop/{stop_code(asked, SEALING)}"
            )

    asyncio.run(scene())


def test_a_voucher_that_runs_out_tomorrow_is_told_at_ten(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen, round_ = await city.citizen(), await city.round()
            await wish(city, citizen, Reminder.EXPIRING, language="en")
            await city.claim(citizen, round_)
            phones = Phones()
            desk = Reminders(city.database, SEALING, phones, "")

            # Valid for three days counting today: the last is the day after tomorrow.
            await desk.remind(now=at(city, 12, days=0))
            await desk.remind(now=at(city, 9))
            nothing = list(phones.got)
            await desk.remind(now=at(city, 10))
            await desk.remind(now=at(city, 15))

            assert nothing == []
            assert [text.split(" Stop")[0][:70] for _, text in phones.got] == [
                "[Yongquan] 1 of your vouchers expire tomorrow, face value 5.00 yuan.Sto"[:70]
            ]

    asyncio.run(scene())


def test_nothing_is_sent_in_the_quiet_hours_and_what_is_late_is_dropped(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen = await city.citizen()
            await wish(city, citizen, Reminder.NEXT_ROUND)
            opens = at(city, 7)
            await city.round(opens_at=opens, closes_at=opens + timedelta(hours=12))
            phones = Phones()
            desk = Reminders(city.database, SEALING, phones, "")

            night = await desk.remind(now=opens - timedelta(minutes=10))
            morning = await desk.remind(now=at(city, 8))

            assert (night, morning, phones.got) == (0, 0, [])

    asyncio.run(scene())


def test_who_stopped_gets_nothing_more(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen = await city.citizen()
            await wish(city, citizen, *Reminder)
            code = stop_code(citizen, SEALING)
            opens = at(city, 12)
            await city.round(opens_at=opens, closes_at=opens + timedelta(hours=3))
            phones = Phones()

            await wish(city, citizen_of_stop_code(code, SEALING))
            sent = await Reminders(city.database, SEALING, phones, "").remind(now=opens - timedelta(minutes=5))

            async with city.database.transaction() as connection:
                assert await reminders_of(connection, 0, citizen) == frozenset()
            assert (sent, phones.got) == (0, [])

    asyncio.run(scene())


def test_a_message_whose_gateway_did_not_answer_is_never_sent_twice(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen = await city.citizen()
            await wish(city, citizen, Reminder.NEXT_ROUND)
            opens = at(city, 12)
            await city.round(opens_at=opens, closes_at=opens + timedelta(hours=3))
            phones = Phones(unreachable=True)
            desk = Reminders(city.database, SEALING, phones, "")

            await desk.remind(now=opens - timedelta(minutes=20))
            phones.unreachable = False
            await desk.remind(now=opens - timedelta(minutes=10))

            assert phones.got == []

    asyncio.run(scene())


def test_a_changed_link_stops_nobody() -> None:
    code = stop_code(UUID(int=7), SEALING)

    for wrong in (code[:-1] + ("0" if code[-1] != "0" else "1"), code[:-1], "", code.upper() + "x"):
        with pytest.raises(NotThisLink):
            citizen_of_stop_code(wrong, SEALING)


def test_quiet_hours_are_the_night() -> None:
    midnight = day_start(business_day(datetime.fromisoformat("2022-08-01T00:00:00+08:00")))

    quiet = [hour for hour in range(24) if is_quiet(midnight + timedelta(hours=hour))]

    assert quiet == [0, 1, 2, 3, 4, 5, 6, 7, 21, 22, 23]


def test_a_draw_is_told_either_way() -> None:
    facts = {"name": "家电摇号", "name_en": "Appliance draw", "won": True}

    assert "中签" in text_of("drawn", facts, "zh-CN")
    assert "not drawn in Appliance draw" in text_of("drawn", facts | {"won": False}, "en")
