"""Applications with proof against a real PostgreSQL: sealed, taken, decided by one or two, a proof used once."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest
from flows.test_push_vouchers import OFFICER
from rooms.vouchers.test_application_form import FORM
from stores.city import SEALING, SmallCity, small_city
from stores.vouchers.test_claims import proved

from yongquan.flows.apply_with_proof import (
    AppliedAlready,
    Filled,
    FormClosed,
    UnknownApplication,
    apply,
    apply_again,
    open_form,
    own_application,
    proof_place,
)
from yongquan.flows.review_application import (
    HeldByAnother,
    ProofUsed,
    SamePerson,
    Verdict,
    decide_application,
    take_application,
)
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove, Round, RoundMode
from yongquan.vouchers.ways.application_form import WrongAnswers
from yongquan.vouchers.ways.applications import Application, ApplicationState, alike, proofs_of

COLLEAGUE = replace(OFFICER, staff_id=fresh_id(), login="colleague")
APPROVE = Verdict(ApplicationState.APPROVED)
PHOTO = b"\xff\xd8\xff photo"
SMALL = {"invoice": "12345678", "plate": "浙B12345", "price": "50000"}
LARGE = SMALL | {"price": "128,800"}


@dataclass(frozen=True)
class Case:
    """A round that takes applications, and what people do with it."""

    city: SmallCity
    round_: Round

    async def sent(self, citizen: UUID, texts: dict[str, str] = SMALL, photo: bytes = PHOTO) -> UUID:
        return await apply(
            self.city.database,
            SEALING,
            Filled(texts, {"photo": photo}),
            round_id=self.round_.round_id,
            citizen_id=citizen,
            cells=self.city.cells,
            now=self.city.now,
        )

    async def sent_again(self, id_: UUID, citizen: UUID, texts: dict[str, str]) -> None:
        await apply_again(
            self.city.database, SEALING, Filled(texts, {}), application_id=id_, citizen_id=citizen, now=self.city.now
        )

    async def taken(self, id_: UUID, staff: Staff = OFFICER, *, later: timedelta = timedelta()) -> None:
        await take_application(self.city.database, id_, staff=staff, now=self.city.now + later)

    async def decided(self, id_: UUID, verdict: Verdict = APPROVE, staff: Staff = OFFICER) -> ApplicationState:
        return await decide_application(
            self.city.database, SEALING, id_, verdict, staff=staff, cells=self.city.cells, now=self.city.now
        )

    async def read(self, id_: UUID, citizen: UUID) -> Application:
        async with self.city.database.transaction() as connection:
            return await own_application(connection, id_, citizen)


async def case(city: SmallCity) -> Case:
    round_ = await city.round(mode=RoundMode.APPLY)
    async with city.database.transaction() as connection:
        await open_form(connection, round_.round_id, FORM, mode=RoundMode.APPLY)
    return Case(city, round_)


def test_an_approved_application_is_a_voucher(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            cars, citizen = await case(city), await city.citizen()
            id_ = await cars.sent(citizen)

            with pytest.raises(HeldByAnother):
                await cars.decided(id_)
            await cars.taken(id_)
            with pytest.raises(HeldByAnother):
                await cars.taken(id_, COLLEAGUE)
            state = await cars.decided(id_)

            found = await cars.read(id_, citizen)
            assert state is found.state is ApplicationState.APPROVED
            assert found.voucher_id is not None
            with pytest.raises(AppliedAlready):
                await cars.sent(citizen)
            with pytest.raises(ForbiddenMove):
                await cars.decided(id_)
            assert await proved(city)

    asyncio.run(scene())


def test_from_an_amount_on_another_person_approves_too(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            cars, citizen = await case(city), await city.citizen()
            id_ = await cars.sent(citizen, LARGE)

            await cars.taken(id_)
            assert await cars.decided(id_) is ApplicationState.SECONDING
            await cars.taken(id_)
            with pytest.raises(SamePerson):
                await cars.decided(id_)
            await cars.taken(id_, COLLEAGUE, later=timedelta(minutes=16))
            assert await cars.decided(id_, staff=COLLEAGUE) is ApplicationState.APPROVED

    asyncio.run(scene())


def test_the_same_number_or_document_is_found_across_campaigns_and_approved_once(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            first, second = await case(city), await case(city)
            a, b, c = [await city.citizen() for _ in range(3)]
            one = await first.sent(a)
            other = await second.sent(b, {"invoice": "87654321", "plate": "浙b·12345", "price": "1"}, b"%PDF-other")
            third = await second.sent(c, {"invoice": "11111111", "plate": "浙B99999", "price": "1"})

            async with city.database.transaction() as connection:
                like_one = {found.application_id for found in await alike(connection, one)}
            await first.taken(one)
            await first.decided(one)

            assert like_one == {other, third}
            assert (await second.read(other, b)).alike == 1
            for id_ in (other, third):
                await second.taken(id_)
                with pytest.raises(ProofUsed):
                    await second.decided(id_)
            assert await second.decided(other, Verdict(ApplicationState.REFUSED, "duplicate")) == "refused"

    asyncio.run(scene())


def test_a_returned_application_comes_again_with_its_documents(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            cars, citizen = await case(city), await city.citizen()
            id_ = await cars.sent(citizen)
            with pytest.raises(ForbiddenMove):
                await cars.sent_again(id_, citizen, SMALL)
            await cars.taken(id_)
            await cars.decided(id_, Verdict(ApplicationState.RETURNED, "unreadable", "看不清号码"))

            await cars.sent_again(id_, citizen, SMALL | {"invoice": "22222222"})

            found = await cars.read(id_, citizen)
            assert (found.state, found.turn, found.reason) == (ApplicationState.SUBMITTED, 2, "unreadable")
            async with city.database.transaction() as connection:
                (proof,) = await proofs_of(connection, found)
            assert SEALING.open_bytes(proof.sealed, what=proof_place(id_, "photo")) == PHOTO
            assert PHOTO not in proof.sealed

    asyncio.run(scene())


def test_what_is_missing_closed_or_anothers_is_refused(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            cars, citizen, other = await case(city), await city.citizen(), await city.citizen()
            with pytest.raises(WrongAnswers, match="photo: missing"):
                await apply(
                    city.database,
                    SEALING,
                    Filled(SMALL, {}),
                    round_id=cars.round_.round_id,
                    citizen_id=citizen,
                    cells=1,
                    now=city.now,
                )
            id_ = await cars.sent(citizen)
            with pytest.raises(UnknownApplication):
                await cars.read(id_, other)
            with pytest.raises(FormClosed):
                await apply(
                    city.database,
                    SEALING,
                    Filled(SMALL, {"photo": PHOTO}),
                    round_id=cars.round_.round_id,
                    citizen_id=other,
                    cells=1,
                    now=city.now + timedelta(days=2),
                )
            with pytest.raises(BadInput):
                Verdict(ApplicationState.REFUSED)

    asyncio.run(scene())
