"""A name and a social-security card are verified by a real bank's register; then conditions that ask for them pass."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from uuid import UUID

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))
sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))

from city import SEALING, SmallCity, small_city
from launching import running

from yongquan.citizens.identity import (
    IdentityDiffers,
    IdentityTaken,
    NotAnIdentity,
    NotASocialCard,
    TooManyTries,
    verified_citizen,
)
from yongquan.flows.verify_identity import IdentityDesk
from yongquan.institutions.links import Links
from yongquan.kernel.ids import cell_of
from yongquan.vouchers.model import Conditions

ASKED = Conditions(real_name=True, age_min=18, social_card=True)
Scenario = Callable[[SmallCity, IdentityDesk], Coroutine[object, object, None]]


def run(scenario: Scenario, folder: Path, conninfo: str, *, cells: int = 1) -> None:
    async def inside() -> None:
        with running(folder, "chaoxin") as sandbox:
            links = Links(folder / "sandbox" / "sandbox.json", sandbox.our_key)
            await links.refresh()
            async with small_city(conninfo, cells=cells) as city:
                await scenario(city, IdentityDesk(city.database, links, SEALING, cells))
            await links.close()

    asyncio.run(inside())


@pytest.mark.parametrize("cells", [1, 4])
def test_a_verified_citizen_passes_name_age_and_social_card(fresh_database: str, tmp_path: Path, cells: int) -> None:
    async def scenario(city: SmallCity, desk: IdentityDesk) -> None:
        who, round_ = await city.citizen(), await city.round(conditions=ASKED)
        person = await desk.enter_demo_person("沈小湖")
        name, number = person.name, person.id_no.lower()
        assert (await city.claim(who, round_)).reason == "age_unknown"

        await desk.verify_name(who, name=name, number=number, now=city.now)
        await desk.verify_name(who, name=name, number=number, now=city.now)
        assert (await city.claim(who, round_)).reason == "no_social_card"
        await desk.verify_social_card(who, card_no=person.social_card_no or "", now=city.now)

        assert (await city.claim(who, round_)).code == "claimed"
        async with city.database.transaction() as connection:
            shown = await verified_citizen(connection, cell_of(who, cells), who, SEALING)
            rows = await (
                await connection.execute("select number_sealed, card_sealed from citizens.identity")
            ).fetchall()
        assert shown is not None
        assert (shown.name, shown.number[4:-2]) == ("**湖", "*" * 12)
        assert all(person.id_no.encode() not in bytes(row[0]) for row in rows)

    run(scenario, tmp_path, fresh_database, cells=cells)


def test_wrong_numbers_names_and_cards_are_refused(fresh_database: str, tmp_path: Path) -> None:
    async def scenario(city: SmallCity, desk: IdentityDesk) -> None:
        who, person = await city.citizen(), await desk.enter_demo_person("沈小湖")
        last = "0" if person.id_no[-1] != "0" else "1"

        with pytest.raises(NotAnIdentity):
            await desk.verify_name(who, name="沈小湖", number=person.id_no[:-1] + last, now=city.now)
        with pytest.raises(NotASocialCard):
            await desk.verify_social_card(who, card_no="A1", now=city.now)
        with pytest.raises(IdentityDiffers):
            await desk.verify_social_card(who, card_no="A12345678", now=city.now)
        for _ in range(5):
            with pytest.raises(IdentityDiffers):
                await desk.verify_name(who, name="沈大湖", number=person.id_no, now=city.now)
        with pytest.raises(TooManyTries):
            await desk.verify_name(who, name="沈小湖", number=person.id_no, now=city.now)

    run(scenario, tmp_path, fresh_database)


def test_an_identity_serves_one_citizen_also_in_a_race(fresh_database: str, tmp_path: Path) -> None:
    async def scenario(city: SmallCity, desk: IdentityDesk) -> None:
        people = [await city.citizen() for _ in range(4)]
        person, other = await desk.enter_demo_person("沈小湖"), await desk.enter_demo_person("沈大湖")

        async def verify(who: UUID) -> str:
            try:
                await desk.verify_name(who, name=person.name, number=person.id_no, now=city.now)
            except IdentityTaken as refusal:
                return refusal.code
            return "verified"

        told = await asyncio.gather(*(verify(who) for who in people))

        assert sorted(told) == ["identity_taken"] * 3 + ["verified"]
        with pytest.raises(IdentityTaken):
            await desk.verify_name(people[told.index("verified")], name=other.name, number=other.id_no, now=city.now)

    run(scenario, tmp_path, fresh_database, cells=4)
