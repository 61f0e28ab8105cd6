"""Which line a debit takes at a real bank, and what happens when one is closed, broken, or the bank is down."""

import time
from pathlib import Path
from uuid import uuid4

from clearing_world import World
from test_take_payment import in_city, order

from yongquan.payments.health import JUDGED_FROM, LineState
from yongquan.payments.model import Payment, PaymentState
from yongquan.payments.routes import Route
from yongquan.payments.routes_store import save_route, switch_route


async def pay(world: World) -> Payment:
    wish = order(world.people[0], world.stores[0].store_id, 1_000, key=uuid4())
    return await world.platform.payments.take(wish)


def sent(world: World) -> tuple[int, ...]:
    """Card messages on each line of the first bank, sign-on left out."""
    return tuple(line.counts.sent - 1 for line in world.platform.links.lines_of("chaoxin"))


async def write(world: World, route: Route) -> None:
    async with world.platform.database.transaction() as connection:
        await save_route(connection, route)
    await world.platform.refresh()


def test_the_cheapest_open_route_of_the_longest_prefix_is_taken(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        await pay(world)
        by_issuer = sent(world)
        await write(world, Route("chaoxin", "629901", 2, 5, True))
        await pay(world)
        by_prefix = sent(world)
        async with world.platform.database.transaction() as connection:
            await switch_route(connection, "chaoxin", "629901", 2, is_open=False)
        await world.platform.refresh()
        refused = await pay(world)

        assert by_issuer == (1, 0)
        assert by_prefix == (1, 1)
        assert (refused.state, refused.response_code) == (PaymentState.FAILED, "91")

    in_city(tmp_path, fresh_database, scene)


def test_a_broken_line_gives_way_to_the_other(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        await world.platform.links.lines_of("chaoxin")[0].__aexit__(None, None, None)

        paid = await pay(world)

        assert paid.state is PaymentState.SUCCEEDED
        assert sent(world) == (0, 1)

    in_city(tmp_path, fresh_database, scene)


def test_an_issuer_known_to_be_silent_is_refused_at_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        for passage in world.platform.routes.for_debit("chaoxin", "629901"):
            for _ in range(JUDGED_FROM):
                passage.note(answered=False, began_at=time.monotonic())

        refused = await pay(world)
        report = world.platform.routes.report(["chaoxin"])

        assert (refused.state, refused.response_code) == (PaymentState.FAILED, "91")
        assert sent(world) == (0, 0)
        assert [(line.state, line.is_up) for line in report] == [(LineState.OPEN, True), (LineState.OPEN, True)]

    in_city(tmp_path, fresh_database, scene)
