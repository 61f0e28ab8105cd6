"""What an issuer gives on its own stands beside its cards, by the longest prefix; staff write it."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import World
from ordering import desk_of, wanted
from test_take_payment import in_city

from yongquan.flows.switch_route import promote_route
from yongquan.kernel.errors import BadInput
from yongquan.payments.routes import Promotion, Route, promotion_of
from yongquan.staff import Role, Staff
from yongquan.staff.model import RoleGrant


def test_the_longest_open_prefix_that_has_one_tells_the_promotion() -> None:
    routes = [
        Route("a", "", 1, 0, True, "全部", "all"),
        Route("a", "6299", 1, 0, True, "金卡", "gold"),
        Route("a", "629901", 1, 0, False, "停用", "closed"),
        Route("b", "", 1, 0, True),
    ]

    assert promotion_of(routes, "a", "62990199") == Promotion("金卡", "gold")
    assert promotion_of(routes, "a", "61000000") == Promotion("全部", "all")
    assert promotion_of(routes, "b", "62990199") is None


def test_what_staff_write_stands_beside_the_card_at_the_cashier(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = next(p for p in world.people if p.issuer == "chaoxin")
        staff = Staff(UUID(int=1), "op", "运营", frozenset({RoleGrant(Role.OPERATOR)}))
        cashier = world.platform.cashier
        order = await desk_of(world).open(wanted(world, 8_800))

        now = datetime.now(UTC)
        words = {"promotion": "满 50 减 5", "promotion_en": "5 off 50"}
        await promote_route(world.platform.database, staff, ("chaoxin", "", 1), **words, now=now)
        with pytest.raises(BadInput):
            await promote_route(
                world.platform.database, staff, ("chaoxin", "", 1), promotion="只有中文", promotion_en="", now=now
            )

        visit = await cashier.visit(order.order_id, cashier.token(order.order_id))
        offers = await cashier.offers(visit, person.citizen_id)
        assert [offer.promotion for offer in offers] == [Promotion("满 50 减 5", "5 off 50")]

    in_city(tmp_path, fresh_database, scene)
