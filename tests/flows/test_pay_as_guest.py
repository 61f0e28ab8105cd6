"""Whoever has no account pays an order with a card number and the code of its bank, at real sandbox banks."""

from pathlib import Path
from uuid import UUID

from clearing_world import World
from ordering import desk_of, wanted
from test_bind_instrument import NAME, PANS, PHONE, newcomer, refusal, texted
from test_take_payment import in_city

from yongquan.flows.pay_as_guest import GuestDesk
from yongquan.kernel.ids import cell_of
from yongquan.payments.orders import OrderState, TradeOrder
from yongquan.payments.views import history_of


def desk(world: World) -> GuestDesk:
    return world.platform.guests


async def paid_by_card(world: World, order_no: str) -> TradeOrder:
    order = await desk_of(world).open(wanted(world, 8_800, order_no=order_no))
    asked = await desk(world).begin(order.order_id, pan=PANS[0], holder=NAME, phone=PHONE)
    card = await desk(world).prove(order.order_id, asked.code_id, await texted(world))
    return await desk_of(world).pay(order.order_id, card.payer())


async def history(world: World, citizen: UUID) -> list[str]:
    async with world.platform.database.transaction() as connection:
        rows = await history_of(connection, cell_of(citizen, 1), citizen, before=None)
    return sorted(row.order_no for row in rows)


def test_a_card_number_pays_with_its_banks_code_and_becomes_the_binders(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        citizen = await newcomer(world)

        paid = await paid_by_card(world, "G-1")
        assert paid.state is OrderState.SUCCEEDED
        assert await history(world, citizen) == []
        binding = await world.platform.bindings.begin(citizen, pan=PANS[0], holder=NAME, phone=PHONE)
        instrument = await world.platform.bindings.confirm(citizen, binding, await texted(world))
        assert (await paid_by_card(world, "G-2")).state is OrderState.SUCCEEDED

        assert await history(world, citizen) == ["G-1", "G-2"]
        await world.platform.bindings.unbind(citizen, instrument)
        assert (await paid_by_card(world, "G-3")).state is OrderState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_a_code_pays_its_own_order_only_and_numbers_cannot_be_tried_out(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        await newcomer(world)
        one = await desk_of(world).open(wanted(world, 100, order_no="G-4"))
        other = await desk_of(world).open(wanted(world, 100, order_no="G-5"))
        asked = await desk(world).begin(one.order_id, pan=PANS[0], holder=NAME, phone=PHONE)
        code = await texted(world)

        assert await refusal(desk(world).prove(other.order_id, asked.code_id, code)) == "not_found"
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        assert await refusal(desk(world).prove(one.order_id, asked.code_id, wrong)) == "wrong_code"

        stranger = [
            await refusal(desk(world).begin(one.order_id, pan=pan, holder="别人", phone=PHONE))
            for pan in (PANS[0], PANS[1], PANS[0], PANS[1], PANS[0])
        ]
        assert stranger == ["holder_differs"] * 4 + ["too_many_cards"]
        assert await refusal(desk(world).begin(other.order_id, pan="62", holder=NAME, phone=PHONE)) == "bad_card"

    in_city(tmp_path, fresh_database, scene)
