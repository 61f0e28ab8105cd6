"""A reviewer goes through the queue of shops: one holds a case at a time, plain ones go in bulk, changes are shown."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from onboarding_world import SEALING, Desk, Sandbox, Scenario, outside, run

from yongquan.flows.decide_merchant import HeldByAnother
from yongquan.flows.review_merchants import approve_bulk, case_of, preview_bulk, step
from yongquan.kernel.errors import BadInput
from yongquan.merchants.applications.model import State
from yongquan.merchants.applications.store import application_of
from yongquan.merchants.identity.model import MarkKind
from yongquan.merchants.reviews.bulk import LeftOut
from yongquan.merchants.reviews.store import merchant_of, service_level

AtDesk = Callable[[Scenario], None]


@pytest.fixture(scope="module")
def counterparts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    folder = tmp_path_factory.mktemp("outside")
    with outside(folder) as sandbox:
        yield sandbox, folder


@pytest.fixture
def at_desk(counterparts: tuple[Sandbox, Path], fresh_database: str) -> AtDesk:
    sandbox, folder = counterparts
    return lambda scenario: run(scenario, sandbox, folder, fresh_database)


def test_queue_is_walked_case_by_case_and_two_reviewers_never_meet(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        sent = []
        for number in (1, 2, 3):
            who = await desk.city.citizen(phone=f"1390000010{number}")
            sent.append((await desk.apply(who, await desk.enter(number, f"沈{number}湖")))[0])

        first = await step(desk.review, desk.one, after=None, backwards=False, places=None)
        other = await step(desk.review, desk.two, after=None, backwards=False, places=None)
        second = await step(desk.review, desk.one, after=first, backwards=False, places=None)
        back = await step(desk.review, desk.one, after=second, backwards=True, places=None)

        assert len({first, other, second}) == 3
        assert {first, other, second} == set(sent)
        assert back == first
        with pytest.raises(HeldByAnother):
            await desk.review.claim(desk.two, first)  # type: ignore[arg-type]

    at_desk(scenario)


def test_bulk_leaves_out_what_a_person_must_look_at_and_says_why(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        plain, _ = await desk.apply(await desk.city.citizen(phone="13900000201"), await desk.enter(1, "王一湖"))
        owner = await desk.city.citizen(phone="13900000202")
        typed = await desk.enter(2, "王二湖")
        again, _ = await desk.apply(owner, typed | {"account_holder": "别家"})
        await desk.onboarding.save(owner, again, {"account_holder": "王二湖"}, now=desk.now)
        await desk.onboarding.submit(owner, again, now=desk.now)
        await desk.checks.check(again)
        listed = await desk.enter(3, "王三湖")
        await desk.list(listed["licence_no"])
        barred, state = await desk.apply(await desk.city.citizen(phone="13900000203"), listed)
        assert state is State.STOPPED

        async with desk.city.database.transaction() as connection:
            rows = await preview_bulk(connection, desk.review, desk.one, [plain, again, barred, plain])
            with pytest.raises(BadInput):
                await preview_bulk(connection, desk.review, desk.one, [])
        done = await approve_bulk(desk.review, desk.one, [plain, again, barred])

        assert {row.application.application_id: row.left_out for row in rows} == {
            plain: None,
            again: LeftOut.SENT_AGAIN,
            barred: LeftOut.NOT_WAITING,
        }
        assert done == {plain: State.OPEN, again: "sent_again", barred: "not_waiting"}
        async with desk.city.database.transaction() as connection:
            level = await service_level(connection, since=desk.now - timedelta(days=1))
        assert (level.decided, level.in_time, level.share_bp) == (1, 1, 10_000)

    at_desk(scenario)


def test_case_shows_what_changed_and_whom_it_is_linked_to(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who = await desk.city.citizen(phone="13900000301")
        typed = await desk.enter(1, "李一湖")
        neighbour = await desk.enter(2, "李二湖")
        await desk.approve(await desk.city.citizen(phone="13900000302"), neighbour)
        shared = typed | {"address": "海曙区药行街9号", "account_holder": "别家", "serial_no": "S1"}
        id_, _ = await desk.apply(who, shared)
        await desk.onboarding.save(
            who, id_, {"account_holder": "李一湖", "address": neighbour["address"]}, now=desk.now
        )
        await desk.onboarding.submit(who, id_, now=desk.now)
        await desk.checks.check(id_)

        async with desk.city.database.transaction() as connection:
            application = await application_of(connection, id_)
            assert application is not None
            case = await case_of(connection, application, SEALING)
            merchant = await merchant_of(connection, licence_no=neighbour["licence_no"])

        assert [(d.name, d.was, d.became) for d in case.changed] == [
            ("address", "海曙区药行街9号", neighbour["address"]),
            ("account_holder", "别家", "李一湖"),
        ]
        assert [link.identity for link in case.links if MarkKind.ADDRESS in link.marks] == [neighbour["licence_no"]]
        assert merchant is not None
        assert (len(merchant.stores), len(merchant.applications)) == (1, 1)

    at_desk(scenario)
