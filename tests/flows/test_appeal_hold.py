"""A shop appeals against a hold with pictures; who imposed it does not answer; upheld, the release is asked for."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from clearing_world import BUREAU, DAY, NOON, World, city, outside
from PIL import Image
from test_hold_merchant import CHECKER, MAKER, desk_of, held, line_of, require_even, settle

from yongquan.flows.appeal_hold import ANSWERED_WITHIN, AppealDesk
from yongquan.flows.hold_merchant import OwnHold, UnknownHold, decide_end
from yongquan.flows.space_parties import BadField
from yongquan.merchants.applications.photos import NotAPhoto
from yongquan.payments.hold_appeals import Appeal, appeal_photos, appeals_of
from yongquan.payments.holds import HeldShop, HoldState, hold_of
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

THIRD = Staff(fresh_id(), "t", "第三人", frozenset({RoleGrant(Role.FINANCE)}))


def picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (240, 240), "navy").save(drawn, "PNG")
    return drawn.getvalue()


async def stands(world: World, hold_id: object) -> tuple[HeldShop, list[Appeal]]:
    async with world.platform.database.transaction() as connection:
        hold = await hold_of(connection, hold_id)  # type: ignore[arg-type]
        assert hold is not None
        return hold, (await appeals_of(connection, [hold.hold_id])).get(hold.hold_id, [])


def test_an_upheld_appeal_releases_exactly_what_was_held(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                desk, shop = AppealDesk(desk_of(world), world.platform.sealing), world.stores[0]
                hold_id = await held(world, 0, "subsidy", deadline=NOON + timedelta(days=30))
                paid = await world.buy(world.people[0], shop, 5_000, voucher=BUREAU.funder_id)
                other = await world.buy(world.people[1], world.stores[1], 3_000, voucher=BUREAU.funder_id)
                await settle(world, DAY)
                kept = await world.shop_balance(shop), await world.shop_balance(world.stores[1])

                key = uuid4()
                sent = await desk.appeal(shop.store_id, hold_id, "有进货单据", [picture()], key=key, now=NOON)
                again = await desk.appeal(shop.store_id, hold_id, "有进货单据", [], key=key, now=NOON)
                with pytest.raises(ForbiddenMove):
                    await desk.appeal(shop.store_id, hold_id, "再申诉", [], key=uuid4(), now=NOON)
                with pytest.raises(UnknownHold):
                    await desk.appeal(world.stores[1].store_id, hold_id, "不是我", [], key=uuid4(), now=NOON)
                with pytest.raises(BadField):
                    await desk.appeal(shop.store_id, hold_id, "", [], key=uuid4(), now=NOON)
                with pytest.raises(NotAPhoto):
                    await desk.appeal(shop.store_id, hold_id, "照片", [b"?"], key=uuid4(), now=NOON)
                for imposed in (MAKER, CHECKER):
                    with pytest.raises(OwnHold):
                        await desk.answer(imposed, sent, uphold=True, answer="属实", now=NOON)
                await desk.answer(THIRD, sent, uphold=True, answer="单据属实", now=NOON)
                ending, (appeal,) = await stands(world, hold_id)
                await decide_end(desk_of(world), CHECKER, hold_id, approve=True, real_now=NOON)
                ended, _ = await stands(world, hold_id)
                async with world.platform.database.transaction() as connection:
                    photos = await appeal_photos(connection, [sent])

                assert again == sent
                assert (appeal.state, appeal.answer, appeal.due_at) == ("upheld", "单据属实", NOON + ANSWERED_WITHIN)
                assert len(photos[sent]) == 1
                assert (ending.state, ending.wish, ended.state) == (HoldState.ENDING, "release", HoldState.RELEASED)
                assert kept == (paid.store_receives_fen - 1_000, other.store_receives_fen)
                assert await world.shop_balance(shop) == paid.store_receives_fen
                assert (await line_of(world, 0, DAY)).state == "released"
                found = await desk.picture(photos[sent][0])
                assert found is not None
                assert found[1].startswith(b"\xff\xd8")
                await require_even(world, DAY)

    asyncio.run(run())
