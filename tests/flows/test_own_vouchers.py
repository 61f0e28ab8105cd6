"""A shop's own voucher on real banks: applied for, prepaid, published, used at home only, cleared, given back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clearing_world import BUREAU, DAY, Person, World, city, outside
from psycopg.types.json import Jsonb

from yongquan import ledger
from yongquan.flows.apply_own import decide_on_own, enter_own, list_own_voucher, redesign_own, submit_own, withdraw_own
from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.funds import FundsShort
from yongquan.flows.own_money import prepay_in_sandbox
from yongquan.flows.own_parties import Applicant, NoSuchOwn, SameOwnPerson
from yongquan.flows.prove_books import prove_books
from yongquan.flows.run_own import publish_own, return_own_surplus, steer_own, stop_own
from yongquan.flows.take_payment import Order
from yongquan.kernel.ids import bucket_of, named_id
from yongquan.ledger import Kind
from yongquan.payments.clearing import DayState
from yongquan.payments.model import Payment
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove, RoundState
from yongquan.vouchers.own_model import BadDesign, Channel, Design, OwnKind, OwnState, OwnVoucher
from yongquan.vouchers.own_store import own_for_desk, own_of
from yongquan.vouchers.pricing import Line
from yongquan.vouchers.selection import VoucherNotUsable
from yongquan.vouchers.views import rounds_for_screen

MEAL = Line("meal", 5_000, 1)
LICENCE = "91330203MA2AGE1T0X"
OFFICER = Staff(fresh_id(), "officer", "王", frozenset({RoleGrant(Role.BUREAU_OFFICER)}))
SECOND = Staff(fresh_id(), "second", "李", frozenset({RoleGrant(Role.BUREAU_OFFICER)}))
ELSEWHERE = Staff(fresh_id(), "far", "赵", frozenset({RoleGrant(Role.BUREAU_OFFICER, "330282")}))


def in_city(tmp_path: Path, conninfo: str, scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, conninfo, sandbox) as world:
                async with world.platform.database.transaction() as connection:
                    for store in world.stores[:2]:  # one merchant, two stores at two acquirers
                        await connection.execute(
                            "update merchants.store set licence_no = %s where store_id = %s", [LICENCE, store.store_id]
                        )
                await scene(world)

    asyncio.run(play())


def design(world: World, **changes: object) -> Design:
    """Ten off thirty, ten of them."""
    wanted = Design(
        name="开业券",
        kind=OwnKind.AMOUNT_OFF,
        amount_fen=1_000,
        threshold_fen=3_000,
        stock=10,
        starts_on=DAY,
        ends_on=DAY + timedelta(days=6),
        stores=tuple(sorted(store.store_id for store in world.stores[:2])),
        bank="chaoxin",
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def shop(world: World, place: int = 0) -> Applicant:
    return Applicant.shop(world.stores[place].store_id)


async def enter(world: World, wanted: Design | None = None, *, key: str = "k", submit: bool = True) -> OwnVoucher:
    return await enter_own(
        world.platform.database,
        shop(world),
        wanted or design(world),
        store_id=world.stores[0].store_id,
        key=key,
        submit=submit,
        now=world.platform.clock.now(),
    )


async def approve(world: World, own: OwnVoucher, *, staff: Staff = OFFICER) -> None:
    now = world.platform.clock.now()
    await decide_on_own(world.platform.database, staff, own.own_id, approve=True, cells=1, now=now)


async def opened(world: World, wanted: Design | None = None, *, key: str = "k") -> OwnVoucher:
    """Applied for, approved, prepaid and public."""
    platform, own = world.platform, await enter(world, wanted, key=key)
    await approve(world, own)
    await prepay_in_sandbox(platform.database, platform.links, shop(world), own.own_id, now=platform.clock.now())
    published = await publish_own(platform.database, shop(world), own.own_id, cells=1, now=platform.clock.now())
    await platform.refresh()
    assert published.round_id is not None
    world.types["own"] = (published.round_id, named_id("own-type", own.own_id))
    return published


async def free_fen(world: World, own: OwnVoucher) -> int:
    return await balance(world, own.funder_id, Kind.CASH)


async def balance(world: World, owner: object, kind: Kind) -> int:
    account = ledger.account_id(owner, kind)
    async with world.platform.database.transaction() as connection:
        found = await ledger.balances_of(connection, [account], cell=0)
    return found[account].credit_fen if account in found else 0


async def pay(world: World, person: Person, place: int, vouchers: tuple[UUID, ...] | None, *lines: Line) -> Payment:
    """Pay for these goods at a store of that place, with the best vouchers (None) or those named."""
    return await world.platform.payments.take(
        Order(
            caller_id=person.citizen_id,
            key=uuid4(),
            body_hash=uuid4(),
            bucket=bucket_of(person.citizen_id),
            store_id=world.stores[place].store_id,
            amount_fen=sum(line.unit_fen * line.qty for line in lines),
            lines=lines,
            citizen_id=person.citizen_id,
            instrument_id=person.instrument_id,
            vouchers=vouchers,
        )
    )


async def require_proof(world: World) -> None:
    connection = await world.platform.database.connect()
    try:
        proof = await prove_books(connection)
    finally:
        await connection.close()
    assert proof.holds, [check for check in proof.checks if check.faults]


def test_own_voucher_is_used_at_home_beside_a_government_one_and_clears_to_the_fen(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        platform, person = world.platform, world.people[0]
        own = await opened(world)
        async with platform.database.transaction() as connection:  # the bureau's campaign allows others beside it
            await connection.execute(
                "update vouchers.campaign set rules = rules || %s where funder_id = %s",
                [Jsonb({"stacks_with_others": True, "not_with": ["bureau"]}), BUREAU.funder_id],
            )
            await connection.execute("update vouchers.round set version = version + 1")
        await platform.refresh()
        mine, citys = await world.claim(person, "own"), await world.claim(person, BUREAU.funder_id)

        with pytest.raises(VoucherNotUsable) as refused:
            await pay(world, person, 2, (mine,), MEAL)
        paid = await pay(world, person, 1, None, MEAL)
        report = await platform.clearing.clear_day(DAY, patience_s=30)

        assert refused.value.facts["reason"] == "other_shop_group"
        async with platform.database.transaction() as connection:
            shares = await (
                await connection.execute(
                    "select voucher_id, funder_id, amount_fen from payments.share where payment_id = %s",
                    [paid.payment_id],
                )
            ).fetchall()
        assert set(shares) == {(mine, own.funder_id, 1_000), (citys, BUREAU.funder_id, 1_000)}
        assert report.state is DayState.SETTLED
        assert await world.shop_balance(world.stores[1]) == report.settled.paid_fen
        async with world.sandbox.client("chaoxin") as bank:
            assert (await bank.account(f"sup-{LICENCE}")).balance_fen == 100_000_000 - 1_000
        assert await balance(world, own.funder_id, Kind.SUBSIDY_DUE) == 0
        assert -await balance(world, own.funder_id, Kind.SPENT) == 1_000
        await world.require_agreement()
        await require_proof(world)

    in_city(tmp_path, fresh_database, scene)


def test_exchange_frees_one_named_unit_up_to_its_cap_and_nothing_else(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        wanted = design(world, kind=OwnKind.EXCHANGE, amount_fen=1_500, threshold_fen=0, skus=("bun",))
        own = await opened(world, wanted)
        first, second = world.people[0], world.people[1]
        tea, buns = Line("tea", 2_000, 1), Line("bun", 1_200, 3)

        with pytest.raises(VoucherNotUsable) as refused:
            await pay(world, first, 0, (await world.claim(first, "own"),), tea)
        await world.claim(second, "own")
        freed = await pay(world, second, 0, None, tea, buns)

        assert refused.value.facts["reason"] == "other_goods"
        assert freed.charged_fen == 2_000 + 2 * 1_200
        assert await balance(world, named_id("own-type", own.own_id), Kind.RECYCLED) == 300
        await require_proof(world)

    in_city(tmp_path, fresh_database, scene)


def test_unpaid_is_not_published_and_unspent_money_comes_back(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        platform, now = world.platform, world.platform.clock.now()
        database = platform.database
        own = await enter(world)
        await approve(world, own)
        with pytest.raises(FundsShort) as short:
            await publish_own(database, shop(world), own.own_id, cells=1, now=now)
        await prepay_in_sandbox(database, platform.links, shop(world), own.own_id, now=now)
        await prepay_in_sandbox(database, platform.links, shop(world), own.own_id, now=now)
        prepaid = await free_fen(world, own)
        twice = await asyncio.gather(
            *(publish_own(database, shop(world, n), own.own_id, cells=1, now=now) for n in (0, 1))
        )
        left = await free_fen(world, own)
        await platform.refresh()
        published = twice[0]
        assert published.round_id is not None
        world.types["own"] = (published.round_id, named_id("own-type", own.own_id))
        await world.claim(world.people[0], "own")
        used = await world.claim(world.people[1], "own")
        await pay(world, world.people[1], 0, (used,), MEAL)
        await steer_own(database, shop(world), own.own_id, RoundState.PAUSED, now=now)
        await steer_own(database, shop(world), own.own_id, RoundState.PAUSED, now=now)
        await steer_own(database, shop(world), own.own_id, RoundState.PUBLISHED, now=now)

        back = await stop_own(database, shop(world), own.own_id, now=now)
        again = await stop_own(database, shop(world), own.own_id, now=now)
        later = now + timedelta(days=8)
        await expire_vouchers(database, cells=1, now=later)
        await recycle_rounds(database, now=later)
        rest = await return_own_surplus(database, now=later)
        nothing = await return_own_surplus(database, now=later)

        assert short.value.facts["short_fen"] == 10_000
        assert (prepaid, left) == (10_000, 0)
        assert {one.state for one in twice} == {OwnState.PUBLISHED}
        assert (back, again, rest, nothing) == (8_000, 0, {own.own_id: 1_000}, {})
        assert await free_fen(world, own) == 9_000
        await require_proof(world)

    in_city(tmp_path, fresh_database, scene)


def test_an_application_goes_round_by_its_rules_and_leaves_its_traces(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        database, now = world.platform.database, world.platform.clock.now()
        own = await enter(world, submit=False)
        same = await enter(world, submit=False)
        with pytest.raises(NoSuchOwn):  # a draft is the shop's business only
            await approve(world, own)
        await asyncio.gather(*(submit_own(database, shop(world, n), own.own_id, now=now) for n in (0, 1)))
        with pytest.raises(NoSuchOwn):  # another merchant's
            await withdraw_own(database, shop(world, 3), own.own_id, now=now)
        with pytest.raises(Forbidden):
            await approve(world, own, staff=ELSEWHERE)
        with pytest.raises(ForbiddenMove):
            await redesign_own(database, shop(world), own.own_id, design(world, stock=9), now=now)
        await decide_on_own(database, OFFICER, own.own_id, approve=False, reason="券名不清", cells=1, now=now)
        await redesign_own(database, shop(world), own.own_id, design(world, name="满三十减十"), now=now)
        with pytest.raises(BadDesign):
            foreign = design(world, stores=(world.stores[4].store_id,))
            await redesign_own(database, shop(world), own.own_id, foreign, now=now)
        state = await submit_own(database, shop(world), own.own_id, now=now)
        decided = await asyncio.gather(approve(world, own), approve(world, own, staff=SECOND), return_exceptions=True)
        await list_own_voucher(database, OFFICER, own.own_id, listed=True, now=now)

        async with database.transaction() as connection:
            found = await own_of(connection, own.own_id)
            told = [row.action for row in await audit_page(connection, subject=f"own_voucher:{own.own_id}")]
        assert same.own_id == own.own_id
        assert state is OwnState.RESUBMITTED
        assert [type(one) for one in decided if one is not None] == [ForbiddenMove]
        assert found is not None
        assert (found.state, found.design.name, found.listed) == (OwnState.APPROVED, "满三十减十", True)
        steps = ("drafted", "submitted", "rejected", "redesigned", "resubmitted", "approved", "listed")
        assert told[::-1] == [f"own_voucher.{step}" for step in steps]

    in_city(tmp_path, fresh_database, scene)


def test_five_channels_meet_in_one_queue_and_only_listed_ones_are_on_the_citizens_page(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        database, now = world.platform.database, world.platform.clock.now()
        store = world.stores[0].store_id
        doors = (
            Applicant.shop(store),
            Applicant.shop(store, mini=True),
            Applicant.institution("fieldwork", Channel.PROVIDER),
            Applicant.institution("chamber", Channel.FEDERATION),
            Applicant.bureau(OFFICER),
        )
        for n, who in enumerate(doors):
            await enter_own(database, who, design(world), store_id=store, key=f"c{n}", submit=True, now=now)
        async with database.transaction() as connection:
            queue = await own_for_desk(connection, places=None)
            elsewhere = await own_for_desk(connection, places=["330282"])
        (by_officer,) = [own for own in queue if own.channel is Channel.BUREAU]
        with pytest.raises(SameOwnPerson):
            await approve(world, by_officer)
        await approve(world, by_officer, staff=SECOND)
        own = await opened(world, key="open")
        before = await _shown(world)
        await list_own_voucher(database, OFFICER, own.own_id, listed=True, now=now)

        assert {one.channel for one in queue} == set(Channel)
        assert elsewhere == []
        assert own.round_id not in before
        assert own.round_id in await _shown(world)

    in_city(tmp_path, fresh_database, scene)


async def _shown(world: World) -> set[UUID]:
    now = world.platform.clock.now()
    async with world.platform.database.transaction() as connection:
        return {row.round_id for row in await rounds_for_screen(connection, now=now, ended_since=now)}
