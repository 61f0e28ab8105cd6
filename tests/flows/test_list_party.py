"""Lists of parties: two people, appeal and release, files, what memory and campaigns see of it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))

from city import SEALING, SmallCity, small_city

from yongquan.flows.list_party import ListDesk, ListedHere, OwnEntry
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import Clock
from yongquan.risk.events import Entity
from yongquan.risk.lists.book import ListBook
from yongquan.risk.lists.files import write_entries
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import ForbiddenEntryMove, NewEntry
from yongquan.risk.lists.views import Sought, search_entries
from yongquan.staff import Forbidden, Role, RoleGrant, Staff


@dataclass
class Desk:
    city: SmallCity
    lists: ListDesk
    book: ListBook

    def entry(self, citizen: UUID | str, colour: Colour, **more: object) -> NewEntry:
        facts = {"tier": 1 if colour is Colour.GREY else 0, "source": "desk", "basis": "tip 7"}
        facts |= {"colour": colour, "party": Entity.CITIZEN, "value": str(citizen), "since": self.lists.clock.now()}
        return NewEntry(**(facts | more))

    async def outcome(self, citizen: UUID) -> str:
        """What a claim of this citizen comes to, as every process sees it within a second."""
        round_ = await self.city.round(stock=1)
        async with self.city.database.transaction() as connection:
            await self.book.refresh(connection)
        return (await self.city.claim(citizen, round_)).code


def staff(n: int, role: Role = Role.OPERATOR, adcode: str | None = None) -> Staff:
    return Staff(UUID(int=n), f"s{n}", "某", frozenset({RoleGrant(role, adcode)}))


def play(conninfo: str, scene: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        async with small_city(conninfo) as city:
            book = ListBook()
            city.desk._lists = book
            await scene(Desk(city, ListDesk(city.database, SEALING, Clock(), 1), book))

    asyncio.run(run())


def test_black_takes_two_people_shuts_out_and_is_released_with_a_reason(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        citizen = await desk.city.citizen()

        entry_id = await desk.lists.add(staff(1), desk.entry(citizen, Colour.BLACK), key="k")
        assert await desk.lists.add(staff(1), desk.entry(citizen, Colour.BLACK), key="k") == entry_id
        assert await desk.outcome(citizen) == "claimed"
        with pytest.raises(OwnEntry):
            await desk.lists.decide(staff(1), entry_id, approve=True)
        await desk.lists.decide(staff(2), entry_id, approve=True)
        assert await desk.outcome(citizen) == "blocked"

        await desk.lists.appeal(staff(3), entry_id, text="本人未出售消费券")
        assert await desk.outcome(citizen) == "blocked"
        with pytest.raises(OwnEntry):
            await desk.lists.uphold(staff(1), entry_id, reason="维持")
        await desk.lists.uphold(staff(2), entry_id, reason="证据充分")
        await desk.lists.appeal(staff(3), entry_id, text="补充证据")
        await desk.lists.release(staff(2), entry_id, reason="申诉成立")
        assert await desk.outcome(citizen) == "claimed"
        with pytest.raises(ForbiddenEntryMove):
            await desk.lists.appeal(staff(3), entry_id, text="再申诉")

        async with desk.city.database.transaction() as connection:
            rows = await (await connection.execute("select action from plumbing.audit order by seq")).fetchall()
        assert [row[0].removeprefix("list_entry.") for row in rows] == [
            *("proposed", "listed", "appealed", "upheld", "appealed", "released"),
        ]

    play(fresh_database, scene)


def test_tiers_of_suspects_decide_who_may_grab_and_nobody_rises_by_being_listed_again(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        first, second, yellow = [await desk.city.citizen() for _ in range(3)]

        await desk.lists.add(staff(1), desk.entry(first, Colour.GREY, tier=1), key="a")
        await desk.lists.add(staff(1), desk.entry(second, Colour.GREY, tier=2), key="b")
        await desk.lists.add(staff(1), desk.entry(yellow, Colour.YELLOW), key="c")
        with pytest.raises(ListedHere):
            await desk.lists.add(staff(1), desk.entry(first, Colour.GREY, tier=3), key="d")

        assert await desk.outcome(first) == "claimed"
        assert await desk.outcome(second) == "blocked"
        assert await desk.outcome(yellow) == "blocked"

    play(fresh_database, scene)


def test_an_entry_ends_by_itself_and_campaigns_see_it(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        citizen = await desk.city.citizen()
        until = desk.lists.clock.now() + timedelta(seconds=0.3)
        await desk.lists.add(staff(1), desk.entry(citizen, Colour.YELLOW, until=until), key="a")
        assert await desk.outcome(citizen) == "blocked"

        await asyncio.sleep(0.4)
        ended = await desk.lists.sweep()

        assert ended == 1
        assert await desk.outcome(citizen) == "claimed"

    play(fresh_database, scene)


def test_a_branch_lists_for_itself_only(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        citizen = await desk.city.citizen()
        branch = staff(5, Role.BUREAU_OFFICER, "330203")
        with pytest.raises(Forbidden):
            await desk.lists.add(branch, desk.entry(citizen, Colour.YELLOW), key="a")

        await desk.lists.add(branch, desk.entry(citizen, Colour.YELLOW, branch="330203"), key="b")
        await desk.lists.add(staff(1), desk.entry(citizen, Colour.GREY), key="c")
        claimed = await desk.outcome(citizen)
        now = desk.lists.clock.now()
        there = desk.book.hits({Entity.CITIZEN: str(citizen)}, at=now, branch="330203")
        elsewhere = desk.book.hits({Entity.CITIZEN: str(citizen)}, at=now, branch="330212")

        assert claimed == "claimed"
        assert {e.colour for e in there} == {Colour.YELLOW, Colour.GREY}
        assert {e.colour for e in elsewhere} == {Colour.GREY}

    play(fresh_database, scene)


def test_a_file_goes_in_with_its_bad_rows_named_and_out_again(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        citizen = await desk.city.citizen(phone="13900007777")
        raw = (
            "colour,party,value,tier,source,branch,basis\n"
            "grey,citizen,13900007777,3,police,,request 4\n"
            "grey,citizen,13900009999,3,police,,request 4\n"
            "grey,card,6222020000000000,1,desk,,tip\n"
            f"black,device,{'ab' * 16},,desk,,tip\n"
            "yellow,licence,913302035678901234,,desk,,tip\n"
            "grey,citizen,13900007777,1,desk,,again\n"
        ).encode()

        made = await desk.lists.take_in(staff(1), raw, name="a.csv")
        again = await desk.lists.take_in(staff(1), raw, name="a.csv")
        async with desk.city.database.transaction() as connection:
            await desk.book.refresh(connection)
            kept = await search_entries(connection, Sought())
        hits = desk.book.hits({Entity.CITIZEN: str(citizen)}, at=desk.lists.clock.now())

        assert made.taken == 2
        assert [(fault.line, fault.field) for fault in made.faults] == [(n, "value") for n in (3, 4, 6, 7)]
        assert again.taken == 0
        assert [(hit.tier, hit.source) for hit in hits] == [(3, "police")]
        written = write_entries(kept, masked=True).decode()
        assert str(citizen) not in written
        assert str(citizen) in write_entries(kept, masked=False).decode()
        assert {record.state.value for record in kept} == {"listed", "proposed"}
        with pytest.raises(BadInput, match="no column basis"):
            await desk.lists.take_in(staff(1), b"colour,party,value,source\n")

    play(fresh_database, scene)


def test_a_card_is_kept_as_its_token(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        number = "6226388000000095"
        await desk.lists.add(staff(1), desk.entry(number, Colour.GREY, party=Entity.CARD), key=uuid4().hex)
        async with desk.city.database.transaction() as connection:
            (record,) = await search_entries(connection, Sought())

        assert record.entry.value != number
        assert len(record.entry.value) == 32

    play(fresh_database, scene)
