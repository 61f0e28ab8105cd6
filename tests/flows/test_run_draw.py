"""A draw is signed up for, run and published on a real database; whatever dies on the way, it ends once."""

import asyncio
import gzip
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from drawing_world import BEACON_AT, CLOSES, DISTRICTS, NOTARY, OFFICER, OPENS, REVEAL_BY, DrawWorld, draw_world

from yongquan.flows.draw_steps import STEPS, DrawDesk, Step
from yongquan.flows.prove_books import prove_books
from yongquan.flows.prove_registration import Proofs
from yongquan.flows.run_draw import TooEarly
from yongquan.kernel.errors import BadInput, Outage
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.merkle import leaf_hash, verify_inclusion
from yongquan.staff import Forbidden
from yongquan.vouchers.draw_file import read_draw_file
from yongquan.vouchers.draw_list import Pseudonyms
from yongquan.vouchers.draw_store import count_withdrawn, document_of
from yongquan.vouchers.draw_verification import Published, verify
from yongquan.vouchers.draw_views import experiment_rows
from yongquan.vouchers.model import Conditions, DrawState, ForbiddenMove

HERE = Path(__file__).parent
BEACON = "03 08 14 21 27 33 + 09"


async def close(world: DrawWorld) -> None:
    await world.at(CLOSES)
    await world.draws.run_draw(world.draw.draw_id, patience_s=0.0)
    for _ in range(100):
        if (await world.now()).state is DrawState.CLOSED:
            return
        await asyncio.sleep(0.1)
    raise AssertionError((await world.now()).state)


async def finish(world: DrawWorld) -> DrawState:
    await world.at(BEACON_AT)
    await world.draws.enter_beacon(NOTARY, world.draw.draw_id, BEACON, now=BEACON_AT)
    return await world.draws.run_draw(world.draw.draw_id, patience_s=30)


async def held(world: DrawWorld) -> Counter[object]:
    async with world.city.database.transaction() as connection:
        rows = await (
            await connection.execute("select citizen_id, type_id from vouchers.voucher where origin = 'draw'")
        ).fetchall()
    return Counter(rows)


@pytest.mark.parametrize("cells", [1, 4])
def test_a_draw_ends_with_vouchers_and_a_file_that_holds(fresh_database: str, cells: int) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database, cells=cells) as world:
            people = await world.sign_up(40)
            await close(world)
            closed = await world.now()

            assert await finish(world) is DrawState.PUBLISHED

            done = await world.now()
            assert (done.registrants, done.winners, done.granted, done.undelivered) == (40, 16, 16, 0)
            async with world.city.database.transaction() as connection:
                zipped = await document_of(connection, done.draw_id, "result")
                rows = [row async for row in experiment_rows(connection, done.draw_id)]
            assert zipped is not None
            file = read_draw_file(gzip.decompress(zipped))
            assert closed.list_hash is not None
            seen = Published(world.draw.commitment.hex(), closed.list_hash.hex(), BEACON)
            assert verify(file, published=seen).difference is None
            vouchers = await held(world)
            assert vouchers == Counter((row.citizen_id, type_) for row in rows for type_ in row.won)
            assert {row.citizen_id for row in rows} == set(people)
            assert {row.stratum for row in rows} == set(DISTRICTS)
            assert 0 < sum(1 for row in rows if not row.won) < 40
            async with await psycopg.AsyncConnection.connect(fresh_database, autocommit=True) as connection:
                assert (await prove_books(connection)).holds

    asyncio.run(scenario())


def test_every_citizen_finds_the_own_record_and_result(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            people = await world.sign_up(12)
            proofs = Proofs(world.city.database, world.draws.desk.sealing, 1)
            before = await proofs.own_registration(await world.now(), people[0])
            assert before is not None
            assert before.inclusion is None
            await close(world)
            await finish(world)

            for person in people:
                mine = await proofs.own_registration(await world.now(), person)

                assert mine is not None
                assert mine.inclusion is not None
                record = bytes.fromhex(mine.inclusion.record)
                assert record[:16].hex() == mine.pseudonym
                assert verify_inclusion(
                    leaf_hash(record),
                    index=mine.inclusion.index,
                    size=mine.inclusion.count,
                    path=[bytes.fromhex(step) for step in mine.inclusion.path],
                    root=bytes.fromhex(mine.inclusion.list_hash),
                )
                assert all(wish.place is not None and wish.won is not None for wish in mine.wishes)
            assert await proofs.own_registration(await world.now(), await world.city.citizen()) is None

    asyncio.run(scenario())


def test_the_earliest_registration_stands(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            citizen = await world.city.citizen()

            assert await world.register(citizen, 0, 1) == "registered"
            assert await world.register(citizen, 0, 1) == "again"
            assert await world.register(citizen, 1) == "conflicting_request"
            assert await world.register(citizen, 1, key=fresh_id(), platform="bank") == "already_registered"
            racing = await world.city.citizen()
            codes = await asyncio.gather(
                *(world.register(racing, n % 2, key=fresh_id(), platform=f"app{n}") for n in range(6))
            )
            assert Counter(codes) == {"registered": 1, "already_registered": 5}

    asyncio.run(scenario())


@pytest.mark.parametrize("cells", [1, 4])
def test_who_withdraws_before_the_close_is_not_on_the_list_and_may_sign_up_again(
    fresh_database: str, cells: int
) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database, cells=cells) as world:
            gone, back = await world.sign_up(2)
            first, second = fresh_id(), fresh_id()

            assert await world.withdraw(gone, first) == "withdrawn"
            assert await world.withdraw(gone, first) == "withdrawn"
            assert await world.withdraw(gone, second) == "not_found"
            assert await world.register(gone, 0, 1) == "withdrawn"
            assert await world.withdraw(back, second, platform="bank") == "not_found"
            assert await world.withdraw(back, second) == "withdrawn"
            assert await world.register(back, 1, key=fresh_id(), platform="bank") == "registered"
            assert await world.withdraw(back, second) == "withdrawn"
            await close(world)
            assert await world.withdraw(back, fresh_id(), platform="bank") == "closed"

            closed = await world.now()
            assert closed.registrants == 1
            async with world.city.database.transaction() as connection:
                assert await count_withdrawn(connection, closed.draw_id) == 2
            assert await finish(world) is DrawState.PUBLISHED

    asyncio.run(scenario())


def test_withdrawing_races_with_signing_up_and_one_order_holds(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            (citizen,) = await world.sign_up(1)
            key = fresh_id()

            told = await asyncio.gather(
                *(world.withdraw(citizen, key) for _ in range(4)),
                *(world.register(citizen, 0, key=fresh_id(), platform=f"app{n}") for n in range(4)),
            )

            assert set(told[:4]) == {"withdrawn"}
            assert Counter(told[4:])["registered"] <= 1
            assert set(told[4:]) <= {"registered", "already_registered"}

    asyncio.run(scenario())


def test_a_refused_sign_up_names_the_finer_reason(fresh_database: str) -> None:
    async def scenario() -> None:
        asked = Conditions(age_min=18, card_issuers=("chaoxin",), real_name=True)
        async with draw_world(fresh_database, conditions=asked) as world:
            from datetime import date

            async def reason(adcode: str | None = DISTRICTS[0], **facts: object) -> str:
                outcome = await world.sign_up_one(await world.city.citizen(**facts), 0, adcode=adcode)
                return outcome.reason or outcome.code

            good = {"born_on": date(1990, 1, 1), "card_issuers": ("chaoxin",), "has_real_name": True}
            assert await reason(**good) == "registered"
            assert await reason(**{**good, "born_on": None}) == "age_unknown"
            assert await reason(**{**good, "born_on": date(2020, 1, 1)}) == "age_below"
            assert await reason(**{**good, "card_issuers": ()}) == "card_issuer"
            assert await reason(**{**good, "has_real_name": False}) == "no_real_name"
            assert await reason(None, **good) == "no_location"
            assert await reason("330999", **good) == "outside_area"
            refused = await world.sign_up_one(
                await world.city.citizen(**good), 0, refused="not_eligible:other_platform"
            )
            assert (refused.code, refused.reason) == ("not_eligible", "other_platform")
            await world.at(OPENS - timedelta(seconds=1))
            assert await reason(**good) == "before_opening"

    asyncio.run(scenario())


def test_a_registration_asks_what_a_claim_asks(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database, conditions=Conditions(age_min=18, card_issuers=("chaoxin",))) as world:
            from datetime import date

            grown = {"born_on": date(1990, 1, 1), "card_issuers": ("chaoxin",)}
            good = await world.city.citizen(**grown)
            assert await world.register(await world.city.citizen(**{**grown, "born_on": None}), 0) == "not_eligible"
            assert await world.register(await world.city.citizen(**{**grown, "card_issuers": ()}), 0) == "not_eligible"
            assert await world.register(fresh_id(), 0) == "blocked"
            assert await world.register(good, 0, adcode="330999") == "wrong_place"
            assert await world.register(good, 0, adcode=None) == "wrong_place"
            assert await world.register(good) == "bad_wishes"
            assert await world.register(good, 0, 0) == "bad_wishes"
            assert await world.register(good, wishes=[fresh_id()]) == "bad_wishes"
            await world.at(OPENS - timedelta(seconds=1))
            assert await world.register(good, 0) == "not_open"
            await world.at(CLOSES)
            assert await world.register(good, 0) == "closed"
            await world.at(CLOSES - timedelta(seconds=1))
            assert await world.register(good, 0) == "registered"

    asyncio.run(scenario())


def test_only_a_notary_enters_the_beacon_once_and_not_before_it_is_out(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            draws, draw_id = world.draws, world.draw.draw_id
            with pytest.raises(ForbiddenMove):
                await draws.enter_beacon(NOTARY, draw_id, BEACON, now=BEACON_AT)
            await close(world)

            with pytest.raises(Forbidden):
                await draws.enter_beacon(OFFICER, draw_id, BEACON, now=BEACON_AT)
            with pytest.raises(TooEarly):
                await draws.enter_beacon(NOTARY, draw_id, BEACON, now=BEACON_AT - timedelta(seconds=1))
            with pytest.raises(BadInput):
                await draws.enter_beacon(NOTARY, draw_id, " ", now=BEACON_AT)
            await finish(world)
            with pytest.raises(ForbiddenMove):
                await draws.enter_beacon(NOTARY, draw_id, "another", now=BEACON_AT)

    asyncio.run(scenario())


def test_a_secret_never_revealed_voids_the_draw(fresh_database: str) -> None:
    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            await world.sign_up(4)
            await close(world)
            await world.at(REVEAL_BY)

            assert await world.draws.run_draw(world.draw.draw_id, patience_s=30) is DrawState.VOIDED

            void = await world.now()
            assert void.void_reason == "the secret was not revealed by its deadline"
            assert await held(world) == Counter()

    asyncio.run(scenario())


def _failing(when: str, name: str, step: Step, failures: list[str]) -> Step:
    async def run(desk: DrawDesk, draw_id: object) -> str:
        if when == f"before:{name}" and not failures:
            failures.append(when)
            raise Outage("cut")
        answer = await step(desk, draw_id)  # type: ignore[arg-type]
        if when == f"after:{name}" and not failures:
            failures.append(when)
            raise Outage("cut")
        return answer

    return run


@pytest.mark.parametrize("when", ["after:draw", "before:grant", "after:grant", "after:publish"])
def test_a_step_cut_off_is_done_again_and_changes_nothing(fresh_database: str, when: str) -> None:
    failures: list[str] = []
    steps = [(name, _failing(when, name, step, failures)) for name, step in STEPS]

    async def scenario() -> None:
        async with draw_world(fresh_database, steps=steps) as world:
            await world.sign_up(20)
            await close(world)

            assert await finish(world) is DrawState.PUBLISHED

            assert failures == [when]
            done = await world.now()
            vouchers = await held(world)
            assert done.winners == done.granted == vouchers.total() == 16
            assert max(vouchers.values()) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("when", ["before:draw", "after:draw", "after:grant"])
def test_a_killed_process_is_taken_over_by_the_next(fresh_database: str, when: str) -> None:
    async def run(world: DrawWorld, dies: str) -> tuple[int | None, str]:
        arguments = [str(HERE / "drawing_process.py"), fresh_database, str(world.draw.draw_id), dies]
        child = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate()
        return child.returncode, out.decode().strip()

    async def scenario() -> None:
        async with draw_world(fresh_database) as world:
            await world.sign_up(20)
            await close(world)
            await world.durable.close()
            await world.at(BEACON_AT)
            await world.draws.enter_beacon(NOTARY, world.draw.draw_id, BEACON, now=BEACON_AT)

            assert (await run(world, when))[0] == -9
            assert await run(world, "never") == (0, "published")

            done, vouchers = await world.now(), await held(world)
            assert done.winners == done.granted == vouchers.total() == 16
            assert max(vouchers.values()) == 1

    asyncio.run(scenario())


def test_pseudonyms_differ_by_draw() -> None:
    one, other = Pseudonyms(fresh_id(), b"k" * 32), Pseudonyms(fresh_id(), b"k" * 32)

    assert one.of("citizen") != other.of("citizen")
