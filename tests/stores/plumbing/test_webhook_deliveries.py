"""Events reach subscribed endpoints over real HTTP: signed, retried, under the same id."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
import uvicorn
from standardwebhooks.webhooks import Webhook
from starlette.types import Receive, Scope, Send

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.deliveries import run_deliveries
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.webhooks import (
    TRIES_MAX,
    NewEndpoint,
    add_endpoint,
    fan_out,
    pause_endpoint,
    resume_endpoint,
    revive_dead,
    take_due,
    trim_deliveries,
)


@dataclass
class Receiver:
    """A bank's web server: remembers what it got, answers with the statuses it was given, then 204."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append((headers, message["body"].decode()))
        status = self.statuses.pop(0) if self.statuses else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(list(statuses))
    server = uvicorn.Server(uvicorn.Config(receiver, port=0, lifespan="off", log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    receiver.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hooks"
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving


async def subscribe(
    database: Database, sealing: Sealing, url: str, *, institution: str = "bank-a", scope: str = "own"
) -> tuple[UUID, str]:
    endpoint = NewEndpoint(institution=institution, url=url, kinds=("voucher.claimed",), scope=scope)
    async with database.transaction() as connection:
        return await add_endpoint(connection, endpoint, sealing)


async def emit(database: Database, *, kind: str = "voucher.claimed", institution: str = "bank-a") -> UUID:
    event_id = fresh_id()
    async with database.transaction() as connection:
        await connection.execute(
            "select plumbing.emit(0, %s, array[%s], array[%s], array[jsonb_build_object("
            "'amount_fen', 500, 'institutions', jsonb_build_array(%s::text))], plumbing.now())",
            [kind, event_id, event_id, institution],
        )
    return event_id


@asynccontextmanager
async def delivering(database: Database, sealing: Sealing) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(run_deliveries(database, Clock(), stop, sealing=sealing))
    try:
        yield
    finally:
        stop.set()
        await worker


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await true():
            await asyncio.sleep(0.05)


async def states(database: Database) -> list[tuple[str, int, int | None]]:
    async with database.transaction() as connection:
        rows = await connection.execute("select state, tries, last_status from plumbing.webhook_delivery order by 1")
        return await rows.fetchall()


async def make_due(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("update plumbing.webhook_delivery set due_at = now() where state = 'waiting'")
        await connection.execute("update plumbing.webhook_endpoint set rests_until = now()")


def test_a_subscribed_event_arrives_signed(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        async with receiving() as receiver:
            _, secret = await subscribe(database, sealing, receiver.url)
            event_id = await emit(database)
            async with delivering(database, sealing):
                await until(lambda: is_settled(database))

        headers, body = receiver.got[0]
        said = Webhook(secret).verify(body, headers)
        assert headers["webhook-id"] == str(event_id)
        assert said["type"] == "voucher.claimed"
        assert said["data"]["amount_fen"] == 500
        assert said["data"]["subject"] == str(event_id)
        assert await states(database) == [("delivered", 1, 204)]

    run(story)


async def is_settled(database: Database) -> bool:
    found = await states(database)
    return bool(found) and all(state != "waiting" for state, _, _ in found)


def test_a_failed_delivery_is_tried_again_with_the_same_id_and_body(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        async with receiving(500) as receiver:
            await subscribe(database, sealing, receiver.url)
            await emit(database)
            async with delivering(database, sealing):
                await until(lambda: failed_once(database))
                assert len(receiver.got) == 1  # not due for some seconds
                await make_due(database)
                await until(lambda: is_settled(database))

        (first, first_body), (second, second_body) = receiver.got
        assert first["webhook-id"] == second["webhook-id"]
        assert first_body == second_body
        assert await states(database) == [("delivered", 2, 204)]

    async def failed_once(database: Database) -> bool:
        return await states(database) == [("waiting", 1, 500)]

    run(story)


def test_a_delivery_dies_after_the_last_try_and_can_be_revived(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        async with receiving(500) as receiver:
            endpoint_id, _ = await subscribe(database, sealing, receiver.url)
            await emit(database)
            async with database.transaction() as connection:
                await fan_out(connection)
                await connection.execute("update plumbing.webhook_delivery set tries = %s", [TRIES_MAX - 1])
            async with delivering(database, sealing):
                await until(lambda: is_settled(database))
                assert await states(database) == [("dead", TRIES_MAX, 500)]

                async with database.transaction() as connection:
                    assert await revive_dead(connection, endpoint_id) == 1
                await until(lambda: is_delivered(database))

    async def is_delivered(database: Database) -> bool:
        return await states(database) == [("delivered", 1, 204)]

    run(story)


def test_an_endpoint_that_does_not_answer_rests(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        async with receiving() as receiver:
            gone = receiver.url
        await subscribe(database, sealing, gone)
        await emit(database)

        async with delivering(database, sealing):
            await until(lambda: unanswered(database))

        await emit(database)
        async with database.transaction() as connection:
            await fan_out(connection)
            assert await take_due(connection, limit=10, lease_s=60) == []

    async def unanswered(database: Database) -> bool:
        return await states(database) == [("waiting", 1, None)]

    run(story)


def test_events_of_others_and_of_other_kinds_are_passed_over(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        await subscribe(database, sealing, "https://bank-a.test/hooks")
        await subscribe(database, sealing, "https://operator.test/hooks", institution="operator", scope="all")
        await emit(database, institution="bank-b")
        await emit(database, kind="payment.succeeded")

        async with database.transaction() as connection:
            assert await fan_out(connection)
            assert not await fan_out(connection)
            due = await take_due(connection, limit=10, lease_s=60)

        assert [delivery.url for delivery in due] == ["https://operator.test/hooks"]

    run(story)


def test_two_workers_never_take_the_same_delivery(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        await subscribe(database, sealing, "https://bank-a.test/hooks")
        for _ in range(6):
            await emit(database)
        async with database.transaction() as connection:
            await fan_out(connection)

        async with database.transaction() as one, database.transaction() as two:
            first = await take_due(one, limit=4, lease_s=60)
            second = await take_due(two, limit=4, lease_s=60)
        async with database.transaction() as connection:
            later = await take_due(connection, limit=4, lease_s=60)

        assert (len(first), len(second), later) == (4, 2, [])
        assert not {d.event_id for d in first} & {d.event_id for d in second}

    run(story)


def test_a_dead_workers_delivery_is_due_again_after_the_lease(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        await subscribe(database, sealing, "https://bank-a.test/hooks")
        await emit(database)
        async with database.transaction() as connection:
            await fan_out(connection)
            await take_due(connection, limit=1, lease_s=0.05)

        await asyncio.sleep(0.1)

        async with database.transaction() as connection:
            assert [d.tries for d in await take_due(connection, limit=1, lease_s=60)] == [2]

    run(story)


def test_a_paused_endpoint_is_left_alone(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        endpoint_id, _ = await subscribe(database, sealing, "https://bank-a.test/hooks")
        await emit(database)
        async with database.transaction() as connection:
            await fan_out(connection)
            await pause_endpoint(connection, endpoint_id)
            assert await take_due(connection, limit=1, lease_s=60) == []

            await resume_endpoint(connection, endpoint_id)
            assert len(await take_due(connection, limit=1, lease_s=60)) == 1

    run(story)


def test_settled_deliveries_go_after_the_days_they_are_kept(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        await subscribe(database, sealing, "https://bank-a.test/hooks")
        await emit(database)
        async with database.transaction() as connection:
            await fan_out(connection)
            await connection.execute(
                "update plumbing.webhook_delivery set state = 'dead', settled_at = now() - interval '8 days'"
            )
            assert await trim_deliveries(connection, days=9) == 0
            assert await trim_deliveries(connection, days=7) == 1

    run(story)


@pytest.mark.parametrize("url", ["file:///etc/hosts", "http://", "http://bank-a.test:port/", "bank-a.test/hooks"])
def test_an_endpoint_needs_a_web_address(run: Callable[..., None], sealing: Sealing, url: str) -> None:
    async def story(database: Database) -> None:
        with pytest.raises(BadInput, match="is no web address"):
            await subscribe(database, sealing, url)

    run(story)


def test_an_endpoint_with_an_unreadable_secret_does_not_stop_the_others(
    run: Callable[..., None], sealing: Sealing
) -> None:
    async def story(database: Database) -> None:
        lost = Sealing(Keys(token=b"t" * 32, seal=b"x" * 32, index=b"i" * 32))
        async with receiving() as receiver:
            await subscribe(database, lost, receiver.url)
            await subscribe(database, sealing, receiver.url)
            await emit(database)
            async with delivering(database, sealing):
                await until(lambda: one_each(database))

    async def one_each(database: Database) -> bool:
        return await states(database) == [("delivered", 1, 204), ("waiting", 1, None)]

    run(story)
