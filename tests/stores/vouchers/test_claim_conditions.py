"""Each fine condition of a round has its own refusal; a citizen who meets it claims."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, time, timedelta

import psycopg
from psycopg.conninfo import make_conninfo
from stores.city import REGIONS, SEALING, SmallCity, small_city

from yongquan.citizens.store import note_card, note_real_name, note_social_card
from yongquan.flows.claim_voucher import ClaimOutcome
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.migrate import migrate
from yongquan.vouchers.areas import Area, save_areas
from yongquan.vouchers.limits import DeviceScope
from yongquan.vouchers.model import Caps, Conditions
from yongquan.vouchers.store import add_to_list

Told = tuple[str, str]
# A square over the border of Haishu and Yinzhou, and places by it; a hundredth of a degree of latitude is 1,112 m.
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[121.5, 29.8], [121.6, 29.8], [121.6, 29.9], [121.5, 29.9], [121.5, 29.8]]],
}
INSIDE, SOUTH_556_M = (121.55, 29.85), (121.55, 29.795)


def told(outcome: ClaimOutcome) -> Told:
    return outcome.code, outcome.reason


def in_city(conninfo: str, scene: Callable[[SmallCity], Awaitable[None]], *, cells: int = 1) -> None:
    async def play() -> None:
        async with small_city(conninfo, cells=cells) as city:
            await scene(city)

    asyncio.run(play())


def test_hours_and_weekdays_bound_the_claim(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        citizen, here = await city.citizen(), city.now.astimezone(SHANGHAI)
        hour, today = (here.hour + 2) % 23, here.isoweekday()
        other_hour = await city.round(conditions=Conditions(daily=(time(hour), time(hour, 1))))
        other_day = await city.round(conditions=Conditions(weekdays=(today % 7 + 1,)))
        this_day = await city.round(conditions=Conditions(weekdays=(today,)))

        assert told(await city.claim(citizen, other_hour)) == ("not_open", "outside_hours")
        assert told(await city.claim(citizen, other_day)) == ("not_open", "outside_weekdays")
        assert told(await city.claim(citizen, this_day)) == ("claimed", "")

    in_city(fresh_database, scene)


def test_place_is_asked_for_and_may_be_near_enough(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        haishu = await city.round(conditions=Conditions(districts=("330203",)))
        async with city.database.transaction() as connection:
            await save_areas(connection, [Area("square", "方块", "Square", SQUARE)], now=city.now)
        strict = await city.round(conditions=Conditions(areas=("square",)))
        near = await city.round(conditions=Conditions(areas=("square",), tolerance_m=600))
        either = await city.round(conditions=Conditions(districts=("330225",), areas=("square",)))
        one, two, three = [await city.citizen() for _ in range(3)]

        assert told(await city.claim(one, haishu)) == ("wrong_place", "no_location")
        assert told(await city.claim(one, haishu, adcode="330225")) == ("wrong_place", "outside_area")
        assert told(await city.claim(one, haishu, adcode="330203")) == ("claimed", "")
        assert told(await city.claim(one, strict, place=SOUTH_556_M)) == ("wrong_place", "outside_area")
        assert told(await city.claim(one, strict, place=INSIDE)) == ("claimed", "")
        assert told(await city.claim(two, near, place=SOUTH_556_M)) == ("claimed", "")
        assert told(await city.claim(three, near, place=(121.55, 29.79))) == ("wrong_place", "outside_area")
        assert told(await city.claim(two, either, place=INSIDE)) == ("claimed", "")
        assert told(await city.claim(three, either, adcode="330225")) == ("claimed", "")
        assert REGIONS.locate(*INSIDE) is not None

    in_city(fresh_database, scene)


def test_an_area_that_moves_takes_its_rounds_along(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        citizen = await city.citizen()
        moved = {"type": "Polygon", "coordinates": [[[120, 29], [120.1, 29], [120.1, 29.1], [120, 29]]]}
        async with city.database.transaction() as connection:
            await save_areas(connection, [Area("square", "方块", "Square", SQUARE)], now=city.now)
        round_ = await city.round(conditions=Conditions(areas=("square",)))

        async with city.database.transaction() as connection:
            changed = [
                await save_areas(connection, [Area("square", "方块", "Square", outline)], now=city.now + timedelta(1))
                for outline in (SQUARE, moved)
            ]
        await city.refresh()

        assert changed == [0, 1]
        assert told(await city.claim(citizen, round_, place=INSIDE)) == ("wrong_place", "outside_area")

    in_city(fresh_database, scene)


def test_age_has_a_lower_and_an_upper_end(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        today = city.now.astimezone(SHANGHAI).date()
        round_ = await city.round(conditions=Conditions(age_min=18, age_max=60))
        old_only = await city.round(conditions=Conditions(age_max=60))

        async def claimed_at(born_on: date | None) -> Told:
            return told(await city.claim(await city.citizen(born_on=born_on), round_))

        assert await claimed_at(date(today.year - 17, 1, 1)) == ("not_eligible", "age_below")
        assert await claimed_at(date(today.year - 62, 1, 1)) == ("not_eligible", "age_above")
        assert await claimed_at(None) == ("not_eligible", "age_unknown")
        assert await claimed_at(date(today.year - 60, 1, 1)) == ("claimed", "")
        assert told(await city.claim(await city.citizen(), old_only)) == ("not_eligible", "age_unknown")

    in_city(fresh_database, scene)


def test_verified_name_and_social_card_are_looked_at(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        named = await city.round(conditions=Conditions(real_name=True))
        insured = await city.round(conditions=Conditions(social_card=True))
        citizen = await city.citizen()

        before = [told(await city.claim(citizen, round_)) for round_ in (named, insured)]
        async with city.database.transaction() as connection:
            await note_real_name(connection, 0, citizen, SEALING, name="某人", born_on=None, now=city.now)
            await note_social_card(connection, 0, citizen, now=city.now)
        after = [told(await city.claim(citizen, round_)) for round_ in (named, insured)]

        assert before == [("not_eligible", "no_real_name"), ("not_eligible", "no_social_card")]
        assert after == [("claimed", "")] * 2

    in_city(fresh_database, scene)


def test_cards_are_looked_at_by_issuer_range_and_age(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        chaoxin = await city.round(conditions=Conditions(card_issuers=("chaoxin",)))
        unionpay = await city.round(conditions=Conditions(card_bins=("62",)))
        gold = await city.round(conditions=Conditions(card_bins=("622200-622299",)))
        fresh = await city.round(conditions=Conditions(new_customer_of=("chaoxin", "yuehu")))
        old, new, none = [await city.citizen() for _ in range(3)]
        async with city.database.transaction() as connection:
            long_ago = city.now - timedelta(days=400)
            await note_card(connection, 0, old, issuer="chaoxin", pan="6212340000000000", now=long_ago)
            await note_card(connection, 0, old, issuer="chaoxin", pan="6212350000000000", now=city.now)
            await note_card(connection, 0, new, issuer="chaoxin", pan="6222550000000000", now=city.now)

        assert told(await city.claim(none, chaoxin)) == ("not_eligible", "card_issuer")
        assert told(await city.claim(none, unionpay)) == ("not_eligible", "card_bin")
        assert told(await city.claim(old, unionpay)) == ("claimed", "")
        assert told(await city.claim(old, gold)) == ("not_eligible", "card_bin")
        assert told(await city.claim(new, gold)) == ("claimed", "")
        assert told(await city.claim(old, fresh)) == ("not_eligible", "not_new_customer")
        assert told(await city.claim(none, fresh)) == ("not_eligible", "not_new_customer")
        assert told(await city.claim(new, fresh)) == ("claimed", "")

    in_city(fresh_database, scene)


def test_lists_have_tiers(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        list_id = fresh_id()
        round_ = await city.round(conditions=Conditions(list_id=list_id, list_tier=2))
        first, third, raised, none = [await city.citizen() for _ in range(4)]
        async with city.database.transaction() as connection:
            await add_to_list(connection, list_id, [first], cells=[0])
            await add_to_list(connection, list_id, [third, raised], cells=[0, 0], tier=3)
            await add_to_list(connection, list_id, [raised], cells=[0], tier=2)

        assert told(await city.claim(none, round_)) == ("not_eligible", "not_on_list")
        assert told(await city.claim(third, round_)) == ("not_eligible", "list_tier")
        assert told(await city.claim(first, round_)) == ("claimed", "")
        assert told(await city.claim(raised, round_)) == ("claimed", "")

    in_city(fresh_database, scene)


def test_a_device_serves_one_citizen(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        conditions = Conditions(one_citizen_a_device=DeviceScope.ROUND)
        round_, other = await city.round(conditions=conditions), await city.round(conditions=conditions)
        first, second = await city.citizen(), await city.citizen()

        assert told(await city.claim(first, round_)) == ("not_eligible", "no_device")
        assert told(await city.claim(first, round_, device="phone")) == ("claimed", "")
        assert told(await city.claim(second, round_, device="phone")) == ("not_eligible", "device_used")
        assert told(await city.claim(first, round_, device="phone")) == ("claimed", "")
        assert told(await city.claim(second, round_, device="another")) == ("claimed", "")
        assert told(await city.claim(second, other, device="phone")) == ("claimed", "")

    in_city(fresh_database, scene)


def test_a_device_that_got_nothing_is_free_again(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        round_ = await city.round(
            stock=1, types=2, conditions=Conditions(one_citizen_a_device=DeviceScope.ROUND), caps=Caps(per_round=1)
        )
        first, late, lucky = [await city.citizen() for _ in range(3)]

        assert told(await city.claim(first, round_, device="a")) == ("claimed", "")
        assert told(await city.claim(late, round_, device="b")) == ("sold_out", "")
        assert told(await city.claim(lucky, round_, device="b", nth=1)) == ("claimed", "")

    in_city(fresh_database, scene)


def test_competing_cells_let_a_device_serve_one_citizen(database_url: str) -> None:
    name = "yq_device_cells"
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)".encode())
        admin.execute(f"create database {name}".encode())
    conninfo = make_conninfo(database_url, dbname=name)
    migrate(conninfo, cells=32)

    async def scene(city: SmallCity) -> None:
        people = [await city.citizen() for _ in range(40)]
        round_ = await city.round(stock=400, conditions=Conditions(one_citizen_a_device=DeviceScope.CAMPAIGN))

        outcomes = await asyncio.gather(
            *(city.claim(person, round_, device=f"phone {n % 5}") for n, person in enumerate(people))
        )

        assert Counter(told(o) for o in outcomes) == {("claimed", ""): 5, ("not_eligible", "device_used"): 35}

    in_city(conninfo, scene, cells=32)


def test_a_round_may_be_for_some_apps_only(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        bank_only = await city.round(conditions=Conditions(platforms=("chaoxin",)))
        ours_too = await city.round(conditions=Conditions(platforms=("", "chaoxin")))
        citizen = await city.citizen()

        assert told(await city.claim(citizen, bank_only)) == ("not_eligible", "other_platform")
        assert told(await city.claim(citizen, bank_only, platform="chaoxin")) == ("claimed", "")
        assert told(await city.claim(citizen, ours_too)) == ("claimed", "")

    in_city(fresh_database, scene)
