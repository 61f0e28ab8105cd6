"""Refunds of part of a payment at real banks: to the fen for everybody, cleared and settled."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from clearing_world import BALANCE_FEN, BRAND, BUREAU, DAY, NOON, Person, World, city, outside
from psycopg.types.json import Jsonb

from yongquan.flows.claim_voucher import Claim
from yongquan.flows.prove_books import prove_books
from yongquan.kernel.errors import Outage
from yongquan.payments.clearing import DayState
from yongquan.payments.model import Payment, PaymentRefused, PaymentState
from yongquan.payments.refund_views import RefundRow, refunds_of
from yongquan.payments.refunds import RefundWish
from yongquan.plumbing.clock import set_clock
from yongquan.vouchers.model import CampaignRules, PartialRefund
from yongquan.vouchers.policies import PRESETS
from yongquan.vouchers.views import voucher_of


def in_city(tmp_path: Path, conninfo: str, scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, conninfo, sandbox) as world:
                await scene(world)
                connection = await world.platform.database.connect()
                async with connection:
                    proof = await prove_books(connection)
                    assert proof.holds, proof

    asyncio.run(play())


async def refund(world: World, paid: Payment, amount_fen: int | None, refund_no: str) -> None:
    await world.platform.refunds.refund(
        0,
        paid.payment_id,
        store_id=paid.store_id,
        now=world.platform.clock.now(),
        wish=RefundWish(amount_fen, refund_no),
    )


async def refunds(world: World, paid: Payment) -> list[RefundRow]:
    async with world.platform.database.transaction() as connection:
        return list(await refunds_of(connection, 0, paid.payment_id))


async def refused(world: World, paid: Payment, amount_fen: int | None, refund_no: str) -> str:
    with pytest.raises(PaymentRefused) as refusal:
        await refund(world, paid, amount_fen, refund_no)
    return refusal.value.reason


async def balance(world: World, person: Person) -> int:
    async with world.sandbox.client(person.issuer) as bank:
        return (await bank.account(person.account_no)).balance_fen


async def state_of(world: World, paid: Payment) -> Payment:
    return await world.platform.payments.payment(0, paid.payment_id)


def test_three_parts_add_up_and_each_reached_the_issuer_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        paid = await world.buy(person, store, 9_999, voucher=BUREAU.funder_id)

        await asyncio.gather(*(refund(world, paid, 3_333, "one") for _ in range(3)), return_exceptions=True)
        await refund(world, paid, 3_333, "one")
        after_one = await state_of(world, paid)
        got_one = await balance(world, person) - (BALANCE_FEN - paid.charged_fen)
        await refund(world, paid, 1, "two")
        await refund(world, paid, None, "three")

        rows = await refunds(world, paid)
        assert (after_one.state, after_one.refunded_fen) == (PaymentState.SUCCEEDED, 3_333)
        assert got_one == rows[0].charged_fen == 3_000
        assert [row.amount_fen for row in rows] == [3_333, 1, 6_665]
        assert sum(row.charged_fen for row in rows) == paid.charged_fen
        assert sum(share.amount_fen for row in rows for share in row.shares) == paid.discount_fen
        assert sum(row.fee_fen for row in rows) == paid.fee_fen
        assert [share.became for row in rows for share in row.shares] == ["used", "used", "forfeited"]
        assert (await state_of(world, paid)).state is PaymentState.REFUNDED
        assert await balance(world, person) == BALANCE_FEN

    in_city(tmp_path, fresh_database, scene)


def test_more_than_is_left_and_another_amount_under_the_same_number_are_refused(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        paid = await world.buy(world.people[0], world.stores[0], 5_000)

        await refund(world, paid, 2_000, "a")

        assert await refused(world, paid, 3_001, "b") == "refund_too_large"
        assert await refused(world, paid, 1_000, "a") == "conflicting_request"
        await refund(world, paid, 3_000, "c")
        assert await refused(world, paid, 1, "d") == "not_refundable"

    in_city(tmp_path, fresh_database, scene)


def test_refunds_whose_issuer_is_down_go_on_later_side_by_side_and_never_exceed_the_payment(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        paid = await world.buy(person, world.stores[0], 5_000, voucher=BUREAU.funder_id)
        world.sandbox.switch_faults(person.issuer, down="drop")

        for fen, number in ((2_000, "a"), (1_000, "b"), (2_000, "c")):
            with pytest.raises(Outage):
                await refund(world, paid, fen, number)
        assert await refused(world, paid, 1, "d") == "refund_under_way"
        world.sandbox.switch_faults(person.issuer)
        await world.platform.links.ready(timeout_s=20)
        await refund(world, paid, 1_000, "b")
        between = await state_of(world, paid)
        await asyncio.gather(refund(world, paid, 2_000, "a"), refund(world, paid, 2_000, "c"))

        assert (between.refunded_fen, between.state) == (1_000, PaymentState.REFUNDING)
        after = await state_of(world, paid)
        assert (after.refunded_fen, after.state) == (5_000, PaymentState.REFUNDED)
        assert await balance(world, person) == BALANCE_FEN
        connection = await world.platform.database.connect()
        proof = await prove_books(connection)
        await connection.close()
        assert proof.holds, proof

    in_city(tmp_path, fresh_database, scene)


def test_a_day_with_refunds_in_parts_clears_and_settles_to_the_fen(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        a, b, wallet = world.people[:3]
        shops = world.stores
        first = await world.buy(a, shops[0], 8_001, voucher=BUREAU.funder_id)
        second = await world.buy(wallet, shops[1], 12_345, voucher=BRAND.funder_id)
        await world.buy(b, shops[1], 5_000)
        for n, fen in enumerate((1, 2_999, 777)):
            await refund(world, first, fen, str(n))
        await refund(world, second, 4_321, "x")
        await refund(world, second, None, str(uuid4()))
        rows = await refunds(world, first)
        kept_fee = first.fee_fen - sum(row.fee_fen for row in rows)

        report = await world.platform.clearing.clear_day(DAY, patience_s=30)

        assert report.state is DayState.SETTLED, report
        assert report.settled.unpaid_lines == 0
        assert await world.shop_balance(shops[0]) == 8_001 - 1 - 2_999 - 777 - kept_fee
        await world.require_agreement()
        borne = 1_000 - sum(share.amount_fen for row in rows for share in row.shares)
        async with world.sandbox.client("chaoxin") as bank:
            assert (await bank.account(BUREAU.account_no)).balance_fen == 100_000 - borne

    in_city(tmp_path, fresh_database, scene)


async def buy_under(world: World, rules: CampaignRules) -> tuple[Payment, UUID]:
    """A payment of 100 yuan with a voucher of 10, under these rules."""
    async with world.platform.database.transaction() as connection:
        await connection.execute(
            "update vouchers.campaign set rules = %s where funder_id = 'bureau'", [Jsonb(msgspec.to_builtins(rules))]
        )
        await connection.execute("update vouchers.round set cap_round = 1, version = version + 1")
    await world.platform.refresh()
    paid = await world.buy(world.people[0], world.stores[0], 10_000, voucher=BUREAU.funder_id)
    return paid, paid.shares[0].voucher_id


async def wallet_state(world: World, voucher_id: UUID) -> str:
    async with world.platform.database.transaction() as connection:
        person, now = world.people[0], world.platform.clock.now()
        row = await voucher_of(connection, 0, person.citizen_id, voucher_id, now=now)
    assert row is not None
    return row.state


async def claim_code(world: World) -> str:
    person = world.people[0]
    round_id, type_id = world.types[BUREAU.funder_id]
    offer, type_ = await world.platform.find_round(round_id.hex), world.platform.catalogue.type(type_id.hex)
    assert offer is not None
    assert type_ is not None
    won = await world.platform.claims.claim(Claim(person.citizen_id.hex, offer, type_, uuid4().hex, uuid4().hex))
    return won.code


@pytest.mark.parametrize(
    ("preset", "days_later", "state"),
    [
        ("xiangshan", 0, "forfeited"),
        ("hangzhou_2022", 0, "held"),
        ("hangzhou_2022", 8, "expired"),
        ("shanghai_2022", 0, "held"),
        ("shanghai_2022", 8, "forfeited"),
    ],
)
def test_a_full_refund_follows_the_citys_rule(
    tmp_path: Path, fresh_database: str, preset: str, days_later: int, state: str
) -> None:
    async def scene(world: World) -> None:
        paid, voucher_id = await buy_under(world, PRESETS[preset])
        async with world.platform.database.transaction() as connection:
            await set_clock(connection, shows=NOON + timedelta(days=days_later))
        await world.platform.refresh()

        await refund(world, paid, None, "all")

        assert await wallet_state(world, voucher_id) == state
        assert await balance(world, world.people[0]) == BALANCE_FEN
        (row,) = await refunds(world, paid)
        assert row.shares[0].amount_fen == 1_000
        if not days_later:
            assert await claim_code(world) == "cap_reached"

    in_city(tmp_path, fresh_database, scene)


def test_shanghais_refund_of_part_is_pro_rata_and_the_voucher_stays_used(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        paid, voucher_id = await buy_under(world, PRESETS["shanghai_2022"])

        await refund(world, paid, 4_000, "a")

        assert await wallet_state(world, voucher_id) == "redeemed"
        assert await balance(world, world.people[0]) == BALANCE_FEN - 9_000 + 3_600
        (row,) = await refunds(world, paid)
        assert [(s.funder_id, s.amount_fen, s.became) for s in row.shares] == [("bureau", 400, "used")]

    in_city(tmp_path, fresh_database, scene)


def test_a_refund_frees_the_cap_where_the_campaign_says_so(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        paid, _ = await buy_under(world, replace(PRESETS["xiangshan"], refund_frees_cap=True))
        before = await claim_code(world)

        await refund(world, paid, None, "all")

        assert (before, await claim_code(world)) == ("cap_reached", "claimed")

    in_city(tmp_path, fresh_database, scene)


def test_a_campaign_may_allow_refunds_of_the_whole_only(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        paid, _ = await buy_under(world, CampaignRules(partial_refund=PartialRefund.REFUSED))

        assert await refused(world, paid, 4_000, "a") == "only_whole_refund"
        await refund(world, paid, 10_000, "b")

        assert (await state_of(world, paid)).state is PaymentState.REFUNDED

    in_city(tmp_path, fresh_database, scene)
