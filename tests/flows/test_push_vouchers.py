"""Pushes against a real PostgreSQL: counted, sent in batches, resumed, never twice, never to who does not want any."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from stores.city import SEALING, SmallCity, small_city
from stores.vouchers.test_claims import proved

from yongquan.citizens.store import set_willing
from yongquan.flows import push_vouchers
from yongquan.flows.expire_vouchers import expire_vouchers
from yongquan.flows.import_list import ImportedList, import_list
from yongquan.flows.push_vouchers import (
    NotCounted,
    Pushing,
    StockShort,
    UnknownPush,
    count_push,
    draft_push,
    send_batch,
    start_push,
    stop_push,
)
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.durable import Durable
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove, Round, RoundMode
from yongquan.vouchers.store import types_of
from yongquan.vouchers.ways.audience import ExpiredHolders, Held, ListedCitizens, Paid, SegmentRules, read_audience
from yongquan.vouchers.ways.lists import RowError
from yongquan.vouchers.ways.pushes import Progress, PushState, progress_of

OFFICER = Staff(fresh_id(), "officer", "陈科员", frozenset({RoleGrant(Role.BUREAU_OFFICER)}))
ELSEWHERE = Staff(fresh_id(), "there", "象山经办", frozenset({RoleGrant(Role.BUREAU_OFFICER, "330225")}))


async def type_of(city: SmallCity, round_: Round) -> UUID:
    async with city.database.transaction() as connection:
        return (await types_of(connection, [round_.round_id]))[0].type_id


async def drafted(city: SmallCity, audience: object, *, stock: int = 10) -> UUID:
    type_id = await type_of(city, await city.round(mode=RoundMode.PUSH, stock=stock))
    return await draft_push(
        city.database,
        name="推送",
        type_id=type_id,
        audience=audience,
        staff=OFFICER,
        now=city.now,  # type: ignore[arg-type]
    )


async def counted(city: SmallCity, push_id: UUID) -> int:
    return (await count_push(city.database, push_id, staff=OFFICER, cells=city.cells, now=city.now)).total


async def started(city: SmallCity, push_id: UUID) -> None:
    await start_push(city.database, push_id, staff=OFFICER, cells=city.cells, now=city.now)


async def sent(city: SmallCity, push_id: UUID) -> Progress:
    while await send_batch(city.database, push_id, cells=city.cells, now=city.now) is PushState.SENDING:
        pass
    async with city.database.transaction() as connection:
        return await progress_of(connection, push_id)


async def imported(city: SmallCity, *rows: str, heading: str = "phone") -> ImportedList:
    raw = "\n".join([heading, *rows]).encode()
    return await import_list(
        city.database, raw, name="名单", adcode=None, staff=OFFICER, sealing=SEALING, cells=city.cells, now=city.now
    )


def test_a_list_tells_every_row_it_leaves_out(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            for _ in range(2):
                await city.citizen()

            made = await imported(city, "139 0000 0001", "nonsense", "13900000002", "13900000002", "13800000009")

            assert made.members == 2
            assert made.errors == (
                RowError(3, "unreadable", "non****ense"),
                RowError(5, "repeated", "139****0002"),
                RowError(6, "unknown", "138****0009"),
            )

    asyncio.run(scene())


def test_a_list_of_ids_and_a_file_without_a_known_column(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            known = await city.citizen()

            made = await imported(city, str(known), str(fresh_id()), heading="\ufeffcitizen_id")

            assert (made.members, [e.why for e in made.errors]) == (1, ["unknown"])
            with pytest.raises(BadInput, match="line 1: no column"):
                await imported(city, "x", heading="name")

    asyncio.run(scene())


def test_a_push_to_a_list_reaches_all_but_the_unwilling_and_the_blocked_once(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizens = [await city.citizen(home_adcode="330203") for _ in range(5)]
            made = await imported(city, *(str(one) for one in citizens), heading="citizen_id")
            async with city.database.transaction() as connection:
                await set_willing(connection, 0, citizens[0], willing=False, now=city.now)
                await connection.execute(
                    "update citizens.citizen set state = 'blocked' where citizen_id = %s", [citizens[1]]
                )
            push_id = await drafted(city, ListedCitizens(made.list_id))

            count = await counted(city, push_id)
            await started(city, push_id)
            progress = await sent(city, push_id)
            again = await sent(city, push_id)

            assert count == 3
            assert progress == again == Progress({"granted": 3}, 3, 3)
            assert await proved(city)

    asyncio.run(scene())


def test_a_push_counts_by_district_and_needs_its_count_and_its_stock(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            for adcode in ("330203", "330203", "330205", None):
                await city.citizen(home_adcode=adcode)
            push_id = await drafted(city, SegmentRules(registered_since=date(2020, 1, 1)), stock=3)

            with pytest.raises(NotCounted):
                await started(city, push_id)
            count = await count_push(city.database, push_id, staff=OFFICER, cells=1, now=city.now)

            assert dict(count.by_district) == {"": 1, "330203": 2, "330205": 1}
            with pytest.raises(StockShort):
                await started(city, push_id)

    asyncio.run(scene())


def test_segment_rules_ask_age_home_bank_and_history(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            today = city.now.date()
            young = await city.citizen(born_on=today.replace(year=today.year - 20, day=1), home_adcode="330203")
            old = await city.citizen(born_on=date(1950, 1, 1), home_adcode="330205", card_issuers=("yuehu",))
            await city.claim(young, await city.round())
            rules = {
                "all": SegmentRules(age_from=0),
                "old": SegmentRules(age_from=60),
                "young": SegmentRules(age_to=59),
                "home": SegmentRules(districts=("330205",)),
                "bank": SegmentRules(card_issuers=("yuehu", "chaoxin")),
                "later": SegmentRules(registered_since=today + timedelta(days=2)),
                "buyers": SegmentRules(paid=Paid(30, payments_min=1)),
                "sleepers": SegmentRules(paid=Paid(30, payments_max=0, industries=("dining",))),
                "claimed": SegmentRules(vouchers=Held(30, claimed_min=1, redeemed_max=0)),
                "both": SegmentRules(age_from=60, districts=("330203",)),
            }

            found = {name: await counted(city, await drafted(city, rule)) for name, rule in rules.items()}

            assert old != young
            assert found == {
                "all": 2,
                "old": 1,
                "young": 1,
                "home": 1,
                "bank": 1,
                "later": 0,
                "buyers": 0,
                "sleepers": 2,
                "claimed": 1,
                "both": 0,
            }

    asyncio.run(scene())


@pytest.mark.parametrize(
    "document",
    [
        '{"kind":"segment"}',
        '{"kind":"segment","colour":"red"}',
        '{"kind":"segment","age_from":60,"age_to":20}',
        '{"kind":"segment","paid":{"days":0}}',
        '{"kind":"everybody"}',
        "[",
    ],
)
def test_an_audience_that_says_nothing_or_nonsense_is_refused(document: str) -> None:
    with pytest.raises(BadInput, match="audience"):
        read_audience(document)


def test_a_killed_push_goes_on_behind_its_last_commit(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(push_vouchers, "BATCH", 2)
        async with small_city(fresh_database) as city:
            citizens = [await city.citizen() for _ in range(5)]
            made = await imported(city, *(str(one) for one in citizens), heading="citizen_id")
            push_id = await drafted(city, ListedCitizens(made.list_id))
            await counted(city, push_id)
            await started(city, push_id)
            await send_batch(city.database, push_id, cells=1, now=city.now)
            with pytest.raises(RuntimeError):  # the process dies before the second batch commits
                async with city.database.transaction() as connection:
                    monkeypatch.setattr(push_vouchers.pushes, "close_targets", _die)
                    await send_batch(city.database, push_id, cells=1, now=city.now)
            monkeypatch.undo()
            monkeypatch.setattr(push_vouchers, "BATCH", 2)

            durable = Durable(city.database.conninfo)
            pushing = Pushing(city.database, Clock(), durable, city.cells)
            state = await pushing.send(push_id, patience_s=30)
            told_again = await pushing.send(push_id, patience_s=30)
            await durable.close()

            assert state == told_again == "sent"
            async with city.database.transaction() as connection:
                assert await progress_of(connection, push_id) == Progress({"granted": 5}, 5, 5)
                rows = await (await connection.execute("select count(*) from vouchers.voucher")).fetchone()
                assert rows == (5,)
            assert await proved(city)

    asyncio.run(scene())


async def _die(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_stopped_push_gives_no_more(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            await city.citizen()
            push_id = await drafted(city, SegmentRules(age_from=None, registered_since=date(2020, 1, 1)))
            await counted(city, push_id)
            await started(city, push_id)

            await stop_push(city.database, push_id, staff=OFFICER, now=city.now)
            progress = await sent(city, push_id)

            assert progress == Progress({"waiting": 1}, 1, 0)
            with pytest.raises(ForbiddenMove):
                await stop_push(city.database, push_id, staff=OFFICER, now=city.now)

    asyncio.run(scene())


def test_a_push_is_the_business_of_the_campaigns_division(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            push_id = await drafted(city, SegmentRules(age_from=1))

            with pytest.raises(Forbidden):
                await count_push(city.database, push_id, staff=ELSEWHERE, cells=1, now=city.now)
            with pytest.raises(UnknownPush):
                await count_push(city.database, fresh_id(), staff=OFFICER, cells=1, now=city.now)
            with pytest.raises(UnknownPush):
                await draft_push(
                    city.database,
                    name="x",
                    type_id=await type_of(city, await city.round()),
                    audience=SegmentRules(age_from=1),
                    staff=OFFICER,
                    now=city.now,
                )

    asyncio.run(scene())


def test_what_expired_is_granted_again_once_and_only_what_expired(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            first = await city.round(types=2)
            twice, once, unharmed = [await city.citizen() for _ in range(3)]
            for citizen, nth in ((twice, 0), (twice, 1), (once, 0)):
                assert (await city.claim(citizen, first, nth=nth)).code == "claimed"
            later = city.now + timedelta(days=4)
            await expire_vouchers(city.database, cells=1, now=later)
            await city.claim(unharmed, first)
            push_id = await drafted(city, ExpiredHolders(first.round_id))
            second = await drafted(city, ExpiredHolders(first.round_id))

            count = await counted(city, push_id)
            await started(city, push_id)
            progress = await sent(city, push_id)

            assert count == 3
            assert progress == Progress({"granted": 2}, 3, 3)
            assert await counted(city, second) == 0
            async with city.database.transaction() as connection:
                rows = await (
                    await connection.execute(
                        "select citizen_id, count(*) from vouchers.voucher where origin = 'regrant' group by 1"
                    )
                ).fetchall()
            assert dict(rows) == {twice: 2, once: 1}
            assert await proved(city)

    asyncio.run(scene())
