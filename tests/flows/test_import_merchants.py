"""Lists come into the library, are joined to what is there, taken apart again, and decided by people."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from yongquan.app import load_regions
from yongquan.flows.curate_library import decide_pair, split_merge, take_pair
from yongquan.flows.import_merchants import (
    add_source,
    bring_own_stores,
    faults_file,
    stage_list,
    take_list_in,
)
from yongquan.flows.screen_library import Library
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.errors import BadInput
from yongquan.merchants.library import curating, store, views
from yongquan.merchants.library.model import MergeUndone, NearState, NearTaken, Source, SourceKind
from yongquan.merchants.library.views import ImportCard
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.plumbing.db import Connection, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Forbidden, Role, RoleGrant, Staff

REGIONS = load_regions()
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))
NOW = datetime(2022, 3, 1, 2, tzinfo=UTC)
HEAD = "编号,店名,地址,联系电话,统一社会信用代码\n"
LICENCE = credit_code(7, adcode="330212", is_company=False)
REGISTER = (
    HEAD + f"1,宁波市鄞州区潮间带海鲜馆（个体工商户）,宁波市鄞州区百丈路123号,,{LICENCE}\n"
    "2,云来服装店,宁波市海曙区中山东路8号,,\n"
)
MAP = HEAD + "a,潮间带海鲜馆,宁波市江东区百丈路一百二十三号,13800138001,\nb,别处,没有门牌的地方,不知道,\n"


def member(login: str, role: Role = Role.OPERATOR) -> Staff:
    return Staff(uuid4(), login, login, frozenset({RoleGrant(role)}))


@asynccontextmanager
async def shelf(conninfo: str) -> AsyncIterator[Library]:
    async with opened(conninfo, pool_size=3) as database:
        library = Library(database, SEALING, REGIONS)
        for code, kind in (("reg", SourceKind.REGISTER), ("map", SourceKind.MAP)):
            await add_source(library, Source(code, code, kind, "某局", "协议"), actor="command:test", now=NOW)
        yield library


async def take(library: Library, source: str, text: str) -> ImportCard:
    card = await stage_list(library, source, f"{source}.csv", text.encode(), actor="command:test", now=NOW)
    return await take_list_in(library, card.import_id, card.mapping, actor="command:test", now=NOW)


async def shop_of(connection: Connection, own_id: str) -> UUID:
    return UUID((await store.members_by_own_id(connection))[own_id][0])


def told(conninfo: str, story: Callable[[Library], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        async with shelf(conninfo) as library:
            await story(library)

    asyncio.run(run())


def test_a_later_list_joins_the_shops_that_are_there(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        first = await take(library, "reg", REGISTER)
        second = await take(library, "map", MAP)
        async with library.database.transaction() as connection:
            shop = await shop_of(connection, "1")
            counts = await views.counts(connection)
            (merge,) = await views.merges_into(connection, shop)
            found = await views.search(connection, "13800138001", SEALING)

        assert (first.shops_new, first.rows_joined) == (2, 0)
        assert (second.shops_new, second.rows_joined, second.rows_bad) == (0, 1, 1)
        assert counts.shops == 2
        assert merge.merge.score > 0.9
        assert "address:same_number" in merge.merge.reasons
        assert found == [shop]

    told(fresh_database, story)


def test_the_same_file_is_answered_as_before_and_a_known_row_is_not_kept_twice(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        first = await take(library, "reg", REGISTER)
        again = await take(library, "reg", REGISTER)
        longer = await take(library, "reg", REGISTER + "3,新开的店,宁波市海曙区中山东路10号,,\n")

        assert again == first
        assert (longer.rows_kept, longer.rows_repeated) == (1, 2)

    told(fresh_database, story)


def test_faulty_rows_come_back_and_go_in_once_they_are_mended(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        card = await take(library, "map", MAP)
        back = (await faults_file(library, card.import_id)).decode("utf-8-sig")
        mended = await take(library, "map", back.replace("不知道", "13900139000"))

        assert "不是电话" in back
        assert "潮间带" not in back
        assert (mended.rows_kept, mended.rows_bad) == (1, 0)

    told(fresh_database, story)


def test_an_unknown_source_is_refused(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        with pytest.raises(BadInput, match="no source"):
            await take(library, "nobody", REGISTER)

    told(fresh_database, story)


def test_a_split_gives_back_what_was_before_and_holds(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        officer = member("officer")
        await take(library, "reg", REGISTER)
        await take(library, "map", MAP)
        async with library.database.transaction() as connection:
            shop = await shop_of(connection, "a")
            (past,) = await views.merges_into(connection, shop)

        with pytest.raises(Forbidden):
            await split_merge(library, member("x", Role.AUDITOR), past.merge.merge_id, why="看过", now=NOW)
        back = await split_merge(library, officer, past.merge.merge_id, why="实地看过，是两家", now=NOW)
        with pytest.raises(MergeUndone):
            await split_merge(library, officer, past.merge.merge_id, why="再拆", now=NOW)
        # a third list that would join both joins one; the two stay apart
        await take(library, "map", HEAD + f"c,潮间带海鲜馆,宁波市鄞州区百丈路123号,13800138001,{LICENCE}\n")
        async with library.database.transaction() as connection:
            held = await store.members_by_own_id(connection)
            cards = await views.shop_cards(connection, [shop, back])

        assert held["a"][0] == str(back)
        assert held["1"][0] == str(shop)
        assert all(card.merged_into is None and card.score is not None for card in cards.values())

    told(fresh_database, story)


def test_what_is_doubtful_waits_for_one_person_and_becomes_one_shop_by_hand(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        await take(library, "reg", REGISTER)
        await take(library, "map", HEAD + "z,云来,宁波市海曙区中山东路,13700137000,\n")
        async with library.database.transaction() as connection:
            one, other = await _row_of(connection, "2"), await _row_of(connection, "z")
            await connection.execute("delete from merchants.library_near")
            await connection.execute(
                "insert into merchants.library_near (near_id, one_row, other_row, score, reasons, found_at)"
                " values (%s, %s, %s, 0.8, '{name:contained}', %s)",
                [fresh_id(), one, other, NOW],
            )
        ann, bob = member("ann"), member("bob")

        pair = await take_pair(library, ann, now=NOW)
        assert pair is not None
        assert await take_pair(library, bob, now=NOW) is None
        with pytest.raises(NearTaken):
            await decide_pair(library, bob, pair.near.near_id, NearState.SAME, now=NOW)
        await decide_pair(library, ann, pair.near.near_id, NearState.UNSURE, now=NOW)
        again = await take_pair(library, bob, now=NOW + timedelta(minutes=1))
        assert again is not None
        await decide_pair(library, bob, pair.near.near_id, NearState.SAME, now=NOW + timedelta(minutes=2))

        async with library.database.transaction() as connection:
            shop = await shop_of(connection, "z")
            (past,) = await views.merges_into(connection, shop)
            assert shop == await shop_of(connection, "2")
        back = await split_merge(library, ann, past.merge.merge_id, why="看错了", now=NOW)
        async with library.database.transaction() as connection:
            assert await curating.standing_in(connection, back) == back
            assert await shop_of(connection, "z") != await shop_of(connection, "2")

    told(fresh_database, story)


def test_our_own_store_is_known_in_other_lists(fresh_database: str) -> None:
    async def story(library: Library) -> None:
        store_id = fresh_id()
        own = NewStore(store_id, "潮间带海鲜馆", None, LICENCE, "餐饮", "5812", "330212",
                       "宁波市鄞州区百丈路123号", 121.57, 29.87, "zhenlan", "a-1")  # fmt: skip
        async with library.database.transaction() as connection:
            await register_stores(connection, [own], now=NOW)
        await take(library, "reg", REGISTER)

        card = await bring_own_stores(library, actor="command:test", now=NOW)

        async with library.database.transaction() as connection:
            shop = await shop_of(connection, "1")
            cards = await views.shop_cards(connection, [shop])
        assert card.rows_joined == 1
        assert cards[shop].store_id == store_id
        assert "no_payers" in {code for code, _ in cards[shop].points}

    told(fresh_database, story)


async def _row_of(connection: Connection, own_id: str) -> UUID:
    query = "select row_id from merchants.list_row where own_id = %s"
    row = await (await connection.execute(query, [own_id])).fetchone()
    assert row is not None
    return UUID(str(row[0]))
