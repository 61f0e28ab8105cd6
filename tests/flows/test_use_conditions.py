"""Conditions and caps of use in real payments: shop groups, areas, terminals, goods, and competing caps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clearing_world import BUREAU, Person, World, city, outside
from psycopg.types.json import Jsonb

from yongquan.flows.take_payment import Order
from yongquan.kernel.ids import bucket_of
from yongquan.merchants.groups import ShopGroup, save_group
from yongquan.payments.model import Payment, PaymentRefused, PaymentState
from yongquan.vouchers.areas import Area, save_areas
from yongquan.vouchers.limits import Period, UseCap
from yongquan.vouchers.model import Direction, UseRules
from yongquan.vouchers.pricing import Line
from yongquan.vouchers.selection import VoucherNotUsable
from yongquan.vouchers.terms import use_document

FAR = {"type": "Polygon", "coordinates": [[[120, 29], [120.1, 29], [120.1, 29.1], [120, 29]]]}


def in_city(tmp_path: Path, conninfo: str, scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, conninfo, sandbox) as world:
                await scene(world)

    asyncio.run(play())


async def let_use(world: World, use: UseRules) -> None:
    """Bound the use of the bureau's vouchers from now on."""
    round_id, type_id = world.types[BUREAU.funder_id]
    async with world.platform.database.transaction() as connection:
        document = use_document(use) or Jsonb(None)
        await connection.execute("update vouchers.voucher_type set use = %s where type_id = %s", [document, type_id])
        await connection.execute("update vouchers.round set version = version + 1 where round_id = %s", [round_id])
        await world.platform.catalogue.refresh(connection)


def order(person: Person, store_id: UUID, *vouchers: UUID) -> Order:
    """Ten yuan, all of which a voucher takes off."""
    return Order(
        caller_id=person.citizen_id,
        key=uuid4(),
        body_hash=uuid4(),
        bucket=bucket_of(person.citizen_id),
        store_id=store_id,
        amount_fen=1_000,
        citizen_id=person.citizen_id,
        instrument_id=person.instrument_id,
        vouchers=vouchers,
    )


async def why(world: World, asked: Order) -> str:
    """The reason of a refusal."""
    with pytest.raises(VoucherNotUsable) as refused:
        await world.platform.payments.take(asked)
    return str(refused.value.facts["reason"])


def test_each_condition_of_use_refuses_and_lets_pass(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store, other = world.people[0], world.stores[0], world.stores[1]
        voucher = await world.claim(person, BUREAU.funder_id)
        asked = order(person, store.store_id, voucher)
        async with world.platform.database.transaction() as connection:
            assert await save_group(connection, ShopGroup("old", "老街", "Old street"), [other.store_id, uuid4()]) == 1
            await save_areas(connection, [Area("far", "远处", "Far", FAR)], now=world.platform.clock.now())

        await let_use(world, UseRules(shop_groups=("old",)))
        assert await why(world, asked) == "other_shop_group"
        await let_use(world, UseRules(areas=("far",)))
        assert await why(world, asked) == "other_place"
        await let_use(world, UseRules(terminals=("T1",)))
        assert await why(world, asked) == "other_terminal"
        await let_use(world, UseRules(directions=(Direction.ONLINE,)))
        assert await why(world, asked) == "wrong_direction"
        await let_use(world, UseRules(card_issuers=("somebody",)))
        assert await why(world, asked) == "other_card"
        await let_use(world, UseRules(card_bins=("1-2",)))
        assert await why(world, asked) == "other_card"
        await let_use(world, UseRules(tags=("fridge",)))
        assert await why(world, asked) == "other_goods"

        await let_use(
            world,
            UseRules(
                shop_groups=("old",),
                terminals=("T1",),
                directions=(Direction.ONLINE,),
                tags=("fridge",),
                card_issuers=(person.issuer,),
                card_bins=("1-9",),
            ),
        )
        good = replace(
            asked,
            store_id=other.store_id,
            terminal="T1",
            is_online=True,
            lines=(Line("f1", 1_000, 1, frozenset({"fridge"})),),
        )
        assert (await world.platform.payments.take(good)).state is PaymentState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_competing_payments_do_not_pass_a_cap_of_use(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store, other = world.people[0], world.stores[0], world.stores[1]
        vouchers = [await world.claim(person, BUREAU.funder_id) for _ in range(4)]
        async with world.platform.database.transaction() as connection:
            await connection.execute("update merchants.store set licence_no = store_id::text")
        await let_use(world, UseRules(caps=(UseCap(1, Period.DAY, per_merchant=True),)))

        results = await asyncio.gather(
            *(world.platform.payments.take(order(person, store.store_id, voucher)) for voucher in vouchers),
            return_exceptions=True,
        )
        paid = [r for r in results if isinstance(r, Payment)]
        refused = [r for r in results if isinstance(r, VoucherNotUsable | PaymentRefused)]
        left = [v for v, r in zip(vouchers, results, strict=True) if not isinstance(r, Payment)]

        assert (len(paid), len(refused)) == (1, 3)
        assert await why(world, order(person, store.store_id, left[0])) == "use_cap_reached"
        best = await world.platform.payments.take(replace(order(person, store.store_id), vouchers=None))
        assert best.discount_fen == 0
        elsewhere = await world.platform.payments.take(order(person, other.store_id, left[0]))
        assert elsewhere.discount_fen == 1_000
        await world.refund(paid[0])
        assert (await world.platform.payments.take(order(person, store.store_id, left[1]))).discount_fen == 1_000

    in_city(tmp_path, fresh_database, scene)


def test_a_total_of_a_shop_holds_over_all_citizens(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        store, other = world.stores[0], world.stores[1]
        async with world.platform.database.transaction() as connection:
            await connection.execute("update merchants.store set licence_no = store_id::text")
        held = [(person, await world.claim(person, BUREAU.funder_id)) for person in world.people]
        await let_use(world, UseRules(caps=(UseCap(2, Period.DAY, per_merchant=True, everyone=True),)))

        results = await asyncio.gather(
            *(world.platform.payments.take(order(person, store.store_id, voucher)) for person, voucher in held),
            return_exceptions=True,
        )

        paid = [r for r in results if isinstance(r, Payment)]
        left = [pair for pair, r in zip(held, results, strict=True) if not isinstance(r, Payment)]
        assert (len(paid), len(left)) == (2, len(held) - 2)
        assert await why(world, order(left[0][0], store.store_id, left[0][1])) == "use_cap_reached"
        elsewhere = await world.platform.payments.take(order(left[0][0], other.store_id, left[0][1]))
        assert elsewhere.discount_fen == 1_000
        await world.refund(paid[0])
        again = await world.platform.payments.take(order(left[1][0], store.store_id, left[1][1]))
        assert again.discount_fen == 1_000

        await let_use(world, UseRules(caps=(UseCap(4, Period.CAMPAIGN, everyone=True),)))
        last = await world.platform.payments.take(order(left[2][0], other.store_id, left[2][1]))
        assert last.discount_fen == 1_000
        assert await why(world, order(left[3][0], other.store_id, left[3][1])) == "use_cap_reached"

    in_city(tmp_path, fresh_database, scene)
