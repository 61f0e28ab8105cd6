"""Caps over groups of types, kinds, periods and apps, exact however many claim at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from stores.city import SmallCity, small_city

from yongquan.vouchers.limits import ClaimCap, Counting, Over, Period
from yongquan.vouchers.model import Caps

ZONES = ("dining", "sports", "tourism", "clothing", "lodging", "motoring")


def in_city(conninfo: str, scene: Callable[[SmallCity], Awaitable[None]]) -> None:
    async def play() -> None:
        async with small_city(conninfo) as city:
            await scene(city)

    asyncio.run(play())


def of_industries(*industries: str, **facts: object) -> list[dict[str, object]]:
    return [{"industry": industry, **facts} for industry in industries]


def test_one_a_zone_and_four_zones_a_round(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        rules = (
            ClaimCap(1, Period.ROUND, Over.INDUSTRY),
            ClaimCap(4, Period.ROUND, counts=Counting.INDUSTRIES),
        )
        round_ = await city.round(types=6, each=of_industries(*ZONES), caps=Caps(rules=rules))
        citizen = await city.citizen()

        codes = [(o.code, o.reason) for n in (0, 0, 1, 2, 3, 4, 5) for o in [await city.claim(citizen, round_, nth=n)]]

        won, one, four = ("claimed", ""), ("cap_reached", "cap_industry"), ("cap_reached", "cap_kinds")
        assert codes == [won, one, won, won, won, four, four]

    in_city(fresh_database, scene)


def test_a_group_of_types_is_capped_by_day_and_in_all(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        rules = (
            ClaimCap(1, Period.DAY, Over.GROUP, group="dining"),
            ClaimCap(2, Period.CAMPAIGN, Over.GROUP, group="dining"),
        )
        each = [{"groups": ("dining",)}, {"groups": ("dining", "old town")}, {}]
        round_ = await city.round(types=3, each=each, caps=Caps(rules=rules))
        citizen = await city.citizen()

        today = [(o.code, o.reason) for n in (0, 1, 2, 2) for o in [await city.claim(citizen, round_, nth=n)]]
        await _push_back_a_day(city)
        next_day = (await city.claim(citizen, round_, nth=1)).code
        await _push_back_a_day(city)
        third = await city.claim(citizen, round_, nth=0)

        assert today == [("claimed", ""), ("cap_reached", "cap_group"), ("claimed", ""), ("claimed", "")]
        assert next_day == "claimed"
        assert (third.code, third.reason) == ("cap_reached", "cap_group")

    in_city(fresh_database, scene)


async def _push_back_a_day(city: SmallCity) -> None:
    async with city.database.transaction() as connection:
        await connection.execute("update vouchers.voucher set claimed_on = claimed_on - 1")


def test_two_a_day_over_four_categories(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        each = [{"groups": ("issue",), "industry": industry} for industry in ZONES[:4]] + [{"industry": "sports"}]
        rules = (ClaimCap(2, Period.DAY, Over.GROUP, group="issue"),)
        round_ = await city.round(types=5, each=each, caps=Caps(rules=rules))
        citizen = await city.citizen()

        codes = [(await city.claim(citizen, round_, nth=n)).code for n in range(5)]

        assert codes == ["claimed", "claimed", "cap_reached", "cap_reached", "claimed"]

    in_city(fresh_database, scene)


def test_each_group_may_be_a_zone_of_its_own(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        each = [{"groups": (name,)} for name in ("a", "a", "b", "c")]
        rules = (
            ClaimCap(1, Period.ROUND, Over.GROUP),
            ClaimCap(2, Period.ROUND, counts=Counting.GROUPS),
        )
        round_ = await city.round(types=4, each=each, caps=Caps(rules=rules))
        citizen = await city.citizen()

        codes = [(o.code, o.reason) for n in range(4) for o in [await city.claim(citizen, round_, nth=n)]]

        assert codes == [("claimed", ""), ("cap_reached", "cap_group"), ("claimed", ""), ("cap_reached", "cap_kinds")]

    in_city(fresh_database, scene)


def test_a_lifetime_cap_holds_across_campaigns(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        rules = (ClaimCap(1, Period.LIFETIME, Over.GROUP, group="cars"),)
        cars = [{"groups": ("cars",)}]
        spring = await city.round(each=cars, caps=Caps(rules=rules))
        autumn = await city.round(each=cars, caps=Caps(rules=rules))
        citizen = await city.citizen()

        assert (await city.claim(citizen, spring)).code == "claimed"
        again = await city.claim(citizen, autumn)

        assert (again.code, again.reason) == ("cap_reached", "cap_group")

    in_city(fresh_database, scene)


def test_apps_are_counted_together_or_each_by_itself(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        together = await city.round(caps=Caps(rules=(ClaimCap(2, Period.CAMPAIGN),)))
        by_app = await city.round(caps=Caps(rules=(ClaimCap(1, Period.CAMPAIGN, per_platform=True),)))
        citizen = await city.citizen()
        apps = (None, "chaoxin", None, "chaoxin", "yuehu")

        codes = [(await city.claim(citizen, together, platform=app)).code for app in apps]
        codes_by_app = [(await city.claim(citizen, by_app, platform=app)).code for app in apps]

        assert codes == ["claimed", "claimed", "cap_reached", "cap_reached", "cap_reached"]
        assert codes_by_app == ["claimed", "claimed", "cap_reached", "cap_reached", "claimed"]

    in_city(fresh_database, scene)


def test_competing_processes_do_not_pass_a_cap_over_a_group(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        rules = (ClaimCap(3, Period.CAMPAIGN, Over.GROUP, group="g"),)
        round_ = await city.round(stock=100, types=4, each=[{"groups": ("g",)}], caps=Caps(rules=rules))
        citizen = await city.citizen()
        async with small_city(fresh_database) as second_process:
            await second_process.refresh()

            outcomes = await asyncio.gather(
                *(city.claim(citizen, round_, nth=n % 4) for n in range(20)),
                *(second_process.claim(citizen, round_, nth=n % 4) for n in range(20)),
            )

        assert Counter(o.code for o in outcomes) == {"claimed": 3, "cap_reached": 37}

    in_city(fresh_database, scene)


def test_a_void_voucher_frees_its_cap(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        round_ = await city.round(caps=Caps(rules=(ClaimCap(1, Period.CAMPAIGN),)))
        citizen = await city.citizen()
        await city.claim(citizen, round_)

        async with city.database.transaction() as connection:
            await connection.execute("update vouchers.voucher set state = 'void'")

        assert (await city.claim(citizen, round_)).code == "claimed"

    in_city(fresh_database, scene)
