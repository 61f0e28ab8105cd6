"""Packs against a real PostgreSQL: all or nothing, also for the last one, under their own caps; told again alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from stores.city import FUNDER, SmallCity, _hash, small_city
from stores.vouchers.test_claims import proved

from yongquan.flows.claim_pack import PackClaim, PackDesk, PackOutcome
from yongquan.flows.claim_voucher import Claim
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.migrate import migrate
from yongquan.vouchers.model import Campaign, Caps, Round, RoundMode, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds
from yongquan.vouchers.ways.packs import Pack, PackItem, caps_of_packs, packs_in_wallet, save_pack

HANGZHOU = ((2_000, 500, 2), (4_000, 1_000, 2), (8_000, 2_000, 1))  # threshold, amount, copies
PACK_FEN = 5_000


async def packed_round(city: SmallCity, *, packs: int, caps: Caps = Caps(per_round=1)) -> Round:  # noqa: B008
    """A published round of packs of five."""
    campaign = Campaign(
        fresh_id(),
        fresh_id().hex,
        "活动",
        "Campaign",
        FUNDER.funder_id,
        None,
        city.now - timedelta(hours=1),
        city.now + timedelta(days=9),
        PACK_FEN * packs,
    )
    opens, closes = city.now - timedelta(minutes=1), city.now + timedelta(days=1)
    round_ = Round(fresh_id(), campaign.campaign_id, "轮", "Round", opens, closes, caps=caps_of_packs(caps, 5))
    types = [
        VoucherType(fresh_id(), round_.round_id, "券", "Voucher", amount, threshold, packs * copies, valid_days=3)
        for threshold, amount, copies in HANGZHOU
    ]
    items = tuple(PackItem(t.type_id, copies) for t, (_, _, copies) in zip(types, HANGZHOU, strict=True))
    async with city.database.transaction() as connection:
        await open_books(connection, [], [FUNDER], cells=city.cells, now=city.now)
        funded = {"funder_id": "bureau", "now": city.now}
        await record_prepayment(connection, receipt=campaign.code, amount_fen=campaign.budget_fen, **funded)
        await save_campaign(connection, campaign, now=city.now)
        await fund_campaign(connection, campaign_id=campaign.campaign_id, cash_fen=campaign.budget_fen, **funded)
        await save_rounds(connection, [round_], types)
        await save_pack(connection, round_, types, Pack("券包", "Pack", packs, items))
        await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=city.cells, now=city.now)
    await city.refresh()
    return round_


async def claim(city: SmallCity, desk: PackDesk, citizen: UUID, round_: Round, *, key: str = "") -> PackOutcome:
    offer = city.catalogue.get(round_.round_id.hex)
    assert offer is not None
    assert offer.pack is not None
    type_ = offer.types[offer.pack.items[0].type_id.hex]
    body = _hash("")
    return await desk.claim(PackClaim(Claim(citizen.hex, offer, type_, _hash(key or fresh_id().hex), body), offer.pack))


async def counted(city: SmallCity) -> list[int]:
    """How many vouchers each citizen has."""
    async with city.database.transaction() as connection:
        rows = await (await connection.execute("select count(*) from vouchers.voucher group by citizen_id")).fetchall()
    return [row[0] for row in rows]


async def race(conninfo: str, cells: int) -> None:
    async with small_city(conninfo, cells=cells) as city:
        desk = PackDesk(city.database, Clock(), city.desk, cells=cells)
        round_ = await packed_round(city, packs=7)
        citizens = [await city.citizen() for _ in range(30)]

        outcomes = await asyncio.gather(*(claim(city, desk, citizen, round_) for citizen in citizens))
        await desk.close()

        # After a deadlock between cells a batch runs again, and who had won by then is told so again.
        codes = ["claimed" if outcome.first.code == "again" else outcome.first.code for outcome in outcomes]
        assert (codes.count("claimed"), codes.count("sold_out")) == (7, 23)
        assert await counted(city) == [5] * 7
        assert {len(outcome.vouchers) for outcome in outcomes} == {0, 5}
        assert await proved(city)


def test_many_who_race_for_few_packs_get_whole_ones_or_none(fresh_database: str) -> None:
    asyncio.run(race(fresh_database, 1))


def test_packs_stay_whole_over_four_cells(database_url: str) -> None:
    name = "yq_pack_cells"
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name}".encode())
        try:
            conninfo = make_conninfo(database_url, dbname=name)
            assert migrate(conninfo, cells=4) == 4
            asyncio.run(race(conninfo, 4))
        finally:
            admin.execute(f"drop database if exists {name} with (force)".encode())


def test_a_pack_is_told_again_under_its_key_and_capped_as_one(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            desk = PackDesk(city.database, Clock(), city.desk, cells=1)
            round_ = await packed_round(city, packs=10, caps=Caps(per_round=2))
            citizen = await city.citizen()

            first = await claim(city, desk, citizen, round_, key="a")
            again = await claim(city, desk, citizen, round_, key="a")
            second = await claim(city, desk, citizen, round_, key="b")
            third = await claim(city, desk, citizen, round_, key="c")
            await desk.close()

            assert [one.first.code for one in (first, again, second, third)] == [
                *("claimed", "again", "claimed", "cap_reached")
            ]
            assert again.vouchers == first.vouchers
            assert str(first.vouchers[0].voucher_id) == first.first.voucher_id
            assert [v.amount_fen for v in first.vouchers] == [500, 500, 1_000, 1_000, 2_000]
            async with city.database.transaction() as connection:
                packs = await packs_in_wallet(connection, 0, citizen)
            assert [len(pack.voucher_ids) for pack in packs] == [5, 5]
            assert await proved(city)

    asyncio.run(scene())


def test_a_pack_with_a_part_that_is_gone_is_sold_out_and_takes_nothing(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            desk = PackDesk(city.database, Clock(), city.desk, cells=1)
            round_ = await packed_round(city, packs=3)
            offer = city.catalogue.get(round_.round_id.hex)
            assert offer is not None
            assert offer.pack is not None
            async with city.database.transaction() as connection:
                await connection.execute(
                    "update vouchers.stock set stock = 0 where type_id = %s", [offer.pack.items[2].type_id]
                )
            outcomes = await asyncio.gather(*[claim(city, desk, await city.citizen(), round_) for _ in range(3)])
            await desk.close()

            assert [one.first.code for one in outcomes] == ["sold_out"] * 3
            assert await counted(city) == []

    asyncio.run(scene())


def test_a_pack_whose_stock_does_not_fit_is_refused(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            opens, closes = city.now, city.now + timedelta(days=1)
            round_ = Round(fresh_id(), fresh_id(), "轮", "Round", opens, closes)
            type_ = VoucherType(fresh_id(), round_.round_id, "券", "Voucher", 500, 2_000, 9, valid_days=3)
            pack = Pack("包", "Pack", 5, (PackItem(type_.type_id, 2),))
            async with city.database.transaction() as connection:
                with pytest.raises(BadInput, match="packs x copies"):
                    await save_pack(connection, round_, [type_], pack)
                with pytest.raises(BadInput, match="mode grab"):
                    await save_pack(connection, replace(round_, mode=RoundMode.PUSH), [type_], pack)
                with pytest.raises(BadInput, match="two vouchers"):
                    await save_pack(connection, round_, [type_], replace(pack, items=(PackItem(type_.type_id, 1),)))

    asyncio.run(scene())
