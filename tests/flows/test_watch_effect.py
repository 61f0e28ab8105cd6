"""Redemption rates and pull ratios by any cut, and the brief of a morning."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from spent_city import holder, open_till
from stores.city import FUNDER, small_city

from yongquan.flows.brief_morning import brief_morning, brief_of
from yongquan.flows.fund_campaign import open_books
from yongquan.flows.watch_effect import CUTS, resources_brought, watch_effect
from yongquan.plumbing.clock import business_day, day_start
from yongquan.plumbing.papers import FontsMissing, require_font


def test_rates_and_ratios_follow_their_formulas(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round()
            dining, cars = await open_till(city), await open_till(city, industry="motoring", adcode="330225")
            held = [await holder(city, round_) for _ in range(4)]
            await dining.pay(held[0][0], 4_000, voucher=held[0][1], off_fen=500)
            await cars.pay(held[1][0], 36_000, voucher=held[1][1], off_fen=500, issuer="yuehu")
            await dining.pay(held[2][0], 9_000)
            await dining.pay(held[2][0], 3_000, voucher=held[2][1], off_fen=500, state="refunded")

            async with city.database.transaction() as connection:
                (whole,) = await watch_effect(connection, None, places=None)
                industries = await watch_effect(connection, "industry", places=None)
                banks = {p.key: p for p in await watch_effect(connection, "bank", places=None)}

            assert (whole.claimed, whole.redeemed, whole.redemption_bp) == (4, 3, 7_500)
            assert whole.redemption_by_amount_bp == 7_500
            assert (whole.order_fen, whole.subsidy_fen, whole.pull_hundredths) == (40_000, 1_000, 4_000)
            assert whole.pull_without_cars_hundredths == 800
            assert {p.key: p.order_fen for p in industries} == {"": 0, "dining": 4_000, "motoring": 36_000}
            assert banks["yuehu"].pull_hundredths == 7_200
            assert banks["yuehu"].redemption_bp is None

    asyncio.run(scene())


@pytest.mark.parametrize("cut", CUTS)
def test_parts_of_every_cut_add_up_to_the_whole(fresh_database: str, cut: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            first, second = await city.round(), await city.round()
            till, other = await open_till(city), await open_till(city, industry="motoring", adcode="330225")
            citizen, voucher = await holder(city, first)
            won = await city.claim(citizen, second)
            paid = await till.pay(citizen, 10_000, voucher=voucher, off_fen=500)
            await other.pay(citizen, 7_777)
            async with city.database.transaction() as connection:
                # The same order also used the second round's voucher, for 250 fen.
                await connection.execute(
                    "update payments.payment set discount_fen = 750, charged_fen = 9250 where payment_id = %s", [paid]
                )
                await connection.execute(
                    """insert into payments.share (cell, payment_id, voucher_id, type_id, funder_id, amount_fen,
                                                   face_fen)
                       select 0, %s, voucher_id, type_id, 'bureau', 250, 500 from vouchers.voucher
                        where voucher_id = %s""",
                    [paid, won.voucher_id],
                )

                (whole,) = await watch_effect(connection, None, places=None)
                parts = await watch_effect(connection, cut, places=None)

            assert sum(p.subsidy_fen for p in parts) == whole.subsidy_fen == 750
            assert abs(sum(p.order_fen for p in parts) - whole.order_fen) <= len(parts)
            assert whole.order_fen == 10_000

    asyncio.run(scene())


def test_only_the_asked_days_and_places_count(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, till = await city.round(), await open_till(city)
            citizen, voucher = await holder(city, round_)
            await till.pay(citizen, 4_000, voucher=voucher, off_fen=500)
            today = business_day(city.now)

            async with city.database.transaction() as connection:
                later = await watch_effect(connection, None, places=None, since=today + timedelta(days=1))
                elsewhere = await watch_effect(connection, None, places=["330225"])
                brought = await resources_brought(connection, places=None)

            assert later == elsewhere == []
            assert [(b.kind, b.funders, b.budget_fen, b.spent_fen) for b in brought] == [("bureau", 1, 5_000, 500)]

    asyncio.run(scene())


def test_each_funder_brought_its_share_of_a_budget(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            bank = replace(FUNDER, funder_id="bank", kind="bank")
            async with city.database.transaction() as connection:
                await open_books(connection, [], [bank], cells=1, now=city.now)
            round_ = await city.round(stock=10)
            async with city.database.transaction() as connection:
                await connection.execute(
                    """insert into vouchers.type_share (type_id, place, funder_id, share_bp)
                       select type_id, p.place, p.funder, p.bp from vouchers.voucher_type,
                              (values (0, 'bureau', 6667), (1, 'bank', 3333)) as p(place, funder, bp)
                        where round_id = %s""",
                    [round_.round_id],
                )
                brought = await resources_brought(connection, places=None)

            # 500 fen at 66.67 and 33.33 percent are 333 and 167; ten of them, budget 5000.
            told = [(b.kind, b.funders, b.budget_fen) for b in brought]
            assert told == [("bank", 1, 1_670), ("bureau", 1, 3_330)]

    asyncio.run(scene())


def test_a_brief_is_made_once_from_six_in_the_morning(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, till = await city.round(), await open_till(city)
            citizen, voucher = await holder(city, round_)
            await till.pay(citizen, 4_000, voucher=voucher, off_fen=500)
            day = business_day(city.now)
            morning = day_start(day + timedelta(days=1)) + timedelta(hours=6)

            early = await brief_morning(city.database, now=morning - timedelta(minutes=1))
            made = await asyncio.gather(*(brief_morning(city.database, now=morning) for _ in range(3)))
            again = await brief_morning(city.database, now=morning + timedelta(hours=3))

            assert (early, sorted(made), again) == (False, [False, False, True], False)
            async with city.database.transaction() as connection:
                brief = await brief_of(connection, day)
            assert brief is not None
            assert brief.facts["claimed"] == 1
            assert brief.facts["pull_hundredths"] == 800
            assert brief.facts["campaigns"][0]["redemption_bp"] == 10_000
            assert brief.facts["retail"] is None

    asyncio.run(scene())


def test_a_machine_without_chinese_fonts_is_told_which_package_it_lacks() -> None:
    with pytest.raises(FontsMissing, match="fonts-noto-cjk"):
        require_font(("DejaVu Sans",))
