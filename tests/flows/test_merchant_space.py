"""Merchant Space: a notice reaches only its audience, conditions are told one by one, second persons decide."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from yongquan.app import load_regions
from yongquan.flows.answer_question import AnsweredBefore, answer_question, ask_question
from yongquan.flows.fund_campaign import open_books
from yongquan.flows.join_campaign import (
    CampaignBegun,
    ConditionUnmet,
    calls_for_shop,
    join_campaign,
    withdraw_from_campaign,
)
from yongquan.flows.nominate_shops import decide_nomination, propose_shops
from yongquan.flows.publish_to_merchants import (
    Draft,
    decide_publication,
    draft_publication,
    submit_publication,
    withdraw_publication,
)
from yongquan.flows.read_space import home_of
from yongquan.flows.request_service import RequestOpen, answer_request, request_service, settle_request
from yongquan.flows.space_parties import AnotherMustDecide, BadField, NotInSpace, reader_of
from yongquan.flows.talk_in_group import open_groups, post_in_group, reply_in_group
from yongquan.institutions.store import Funder
from yongquan.kernel.ids import bucket_from
from yongquan.merchants.enrolment.conditions import CallConditions, Condition
from yongquan.merchants.enrolment.model import CallPlan
from yongquan.merchants.enrolment.store import nominations_of
from yongquan.merchants.grid_groups.store import grid_groups, posts_of
from yongquan.merchants.model import NewStore
from yongquan.merchants.publications.model import EVERYBODY, Audience, Kind, PublicationState, Reach, Wording
from yongquan.merchants.publications.store import mark_read, read_counts, readable
from yongquan.merchants.questions.model import Topic
from yongquan.merchants.services.model import RequestState
from yongquan.merchants.store import register_stores
from yongquan.merchants.views import store_of
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.simulation.city_grids import open_grids
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import Campaign, ForbiddenMove
from yongquan.vouchers.store import save_campaign

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
CITY, HAISHU = RoleGrant(Role.OPERATOR), RoleGrant(Role.BUREAU_OFFICER, "330203")
FUNDER = Funder("bureau", "商务局", "Commerce bureau", "bureau", None, "zhenlan", "supervised-1")


def staff(*grants: RoleGrant) -> Staff:
    return Staff(uuid4(), "somebody", "某人", frozenset(grants))


MAKER, CHECKER = staff(CITY), staff(CITY)


@dataclass
class Street:
    """A database with a few shops, and a campaign that begins in ten days."""

    database: Database
    campaign: UUID
    starts_at: datetime

    async def shop(self, **facts: object) -> UUID:
        id_ = fresh_id(bucket_from(uuid4().bytes))
        new = NewStore(
            id_, "东门面馆", None, "91330203MA2AAAAA0X", "dining", "5812", "330203", "某路 1 号",
            121.545, 29.872, "donggang", f"shop-{id_.hex}",
        )  # fmt: skip
        async with self.database.transaction() as connection:
            await register_stores(connection, [replace(new, **facts)], now=NOW)
        return id_

    async def publish(self, draft: Draft) -> UUID:
        made = await draft_publication(self.database, MAKER, draft, key=uuid4().hex, now=NOW)
        if await submit_publication(self.database, MAKER, made, now=NOW) is PublicationState.SUBMITTED:
            await decide_publication(self.database, CHECKER, made, publish=True, reason="", now=NOW)
        return made

    async def call(self, conditions: CallConditions, *, places: int | None = None) -> UUID:
        plan = CallPlan(
            self.campaign,
            f"group-{uuid4().hex[:8]}",
            NOW - timedelta(days=1),
            NOW + timedelta(days=5),
            self.starts_at,
            places,
            conditions,
        )
        return await self.publish(Draft(Kind.CALL, Wording("招募", "说明"), EVERYBODY, plan=plan))

    async def reads(self, shop: UUID, kind: Kind) -> set[UUID]:
        async with self.database.transaction() as connection:
            reader = await reader_of(connection, shop, now=NOW)
            return {one.publication_id for one, _ in await readable(connection, kind, reader)}

    async def groups_of(self, shop: UUID) -> set[str]:
        async with self.database.transaction() as connection:
            found = await store_of(connection, shop)
        assert found is not None
        return set(found.groups)


@asynccontextmanager
async def street_in(conninfo: str) -> AsyncIterator[Street]:
    async with opened(conninfo) as database:
        starts_at = NOW + timedelta(days=10)
        ends_at = starts_at + timedelta(days=9)
        campaign = Campaign(
            fresh_id(), fresh_id().hex, "春季活动", "Spring", FUNDER.funder_id, None, starts_at, ends_at, 0
        )
        async with database.transaction() as connection:
            await open_books(connection, [], [FUNDER], cells=1, now=NOW)
            await save_campaign(connection, campaign, now=NOW)
        yield Street(database, campaign.campaign_id, starts_at)


def told(story: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test whose story happens on a street of its own in the module's database."""

    def run(module_database: str, **facts: object) -> None:
        async def live() -> None:
            async with street_in(module_database) as street:
                await story(street, **facts)

        asyncio.run(live())

    own = [one for one in inspect.signature(story).parameters.values() if one.name != "street"]
    base = inspect.Parameter("module_database", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = inspect.Signature([base, *own])  # type: ignore[attr-defined]
    run.__name__ = story.__name__  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize(
    ("reach", "fits", "others"),
    [
        (Reach(Audience.INDUSTRY, "lodging"), {"industry": "lodging"}, {"industry": "dining"}),
        (Reach(Audience.DISTRICT, "330212"), {"adcode": "330212"}, {"adcode": "330203"}),
    ],
)
@told
async def test_notice_reaches_only_its_audience(
    street: Street, reach: Reach, fits: dict[str, object], others: dict[str, object]
) -> None:
    inside, outside = await street.shop(**fits), await street.shop(**others)

    notice = await street.publish(Draft(Kind.NOTICE, Wording("停电", "明天停电"), reach))

    assert notice in await street.reads(inside, Kind.NOTICE)
    assert notice not in await street.reads(outside, Kind.NOTICE)


@told
async def test_notice_to_one_shop_goes_out_at_once_and_its_receipt_is_kept_once(street: Street) -> None:
    mine, other = await street.shop(), await street.shop()
    draft = Draft(Kind.NOTICE, Wording("补件", "请补交照片"), Reach(Audience.STORE, str(mine)))

    notice = await draft_publication(street.database, MAKER, draft, key="one", now=NOW)
    state = await submit_publication(street.database, MAKER, notice, now=NOW)
    async with street.database.transaction() as connection:
        for _ in range(2):
            await mark_read(connection, notice, mine, now=NOW)
        counts = await read_counts(connection, [notice])

    assert state is PublicationState.PUBLISHED
    assert notice not in await street.reads(other, Kind.NOTICE)
    assert counts == {notice: 1}


@told
async def test_nobody_publishes_for_many_what_they_wrote(street: Street) -> None:
    draft = Draft(Kind.NOTICE, Wording("通知", "正文"), EVERYBODY)
    made = await draft_publication(street.database, MAKER, draft, key="own", now=NOW)
    await submit_publication(street.database, MAKER, made, now=NOW)

    with pytest.raises(AnotherMustDecide):
        await decide_publication(street.database, MAKER, made, publish=True, reason="", now=NOW)
    with pytest.raises(BadField):
        await decide_publication(street.database, CHECKER, made, publish=False, reason=" ", now=NOW)
    await decide_publication(street.database, CHECKER, made, publish=True, reason="", now=NOW)
    await withdraw_publication(street.database, MAKER, made, reason="写错了", now=NOW)

    assert made not in await street.reads(await street.shop(), Kind.NOTICE)
    with pytest.raises(ForbiddenMove):
        await submit_publication(street.database, MAKER, made, now=NOW)


@told
async def test_district_officer_writes_for_the_own_district_only(street: Street) -> None:
    officer = staff(HAISHU)
    draft = Draft(Kind.NOTICE, Wording("通知", "正文"), Reach(Audience.DISTRICT, "330203"))

    await draft_publication(street.database, officer, draft, key="d", now=NOW)

    for reach in (EVERYBODY, Reach(Audience.DISTRICT, "330212")):
        with pytest.raises(Forbidden):
            await draft_publication(street.database, officer, replace(draft, reach=reach), key="e", now=NOW)


@told
async def test_each_condition_is_told_and_joining_follows_them(street: Street) -> None:
    fits = await street.shop()
    unlicensed = await street.shop(licence_no="", industry="lodging")
    call = await street.call(CallConditions(industries=("dining",)))

    async with street.database.transaction() as connection:
        (seen,) = await calls_for_shop(connection, unlicensed, now=NOW, only=call)
    await join_campaign(street.database, fits, call, now=NOW)
    await join_campaign(street.database, fits, call, now=NOW)
    with pytest.raises(ConditionUnmet) as refused:
        await join_campaign(street.database, unlicensed, call, now=NOW)

    unmet = {finding.condition for finding in seen.findings if not finding.is_met}
    assert unmet == {Condition.LICENCE, Condition.INDUSTRY}
    assert refused.value.facts == {"condition": "licence"}
    assert await street.groups_of(fits) == {seen.call.plan.group_code}
    assert await street.groups_of(unlicensed) == set()


@told
async def test_shop_withdraws_until_the_campaign_begins_and_may_join_again(street: Street) -> None:
    shop = await street.shop()
    call = await street.call(CallConditions())
    await join_campaign(street.database, shop, call, now=NOW)

    await withdraw_from_campaign(street.database, shop, call, now=NOW)
    groups = await street.groups_of(shop)
    await join_campaign(street.database, shop, call, now=NOW)

    assert groups == set()
    assert len(await street.groups_of(shop)) == 1
    with pytest.raises(CampaignBegun):
        await withdraw_from_campaign(street.database, shop, call, now=street.starts_at)


@told
async def test_last_place_goes_to_one_shop(street: Street) -> None:
    first, second = await street.shop(), await street.shop()
    call = await street.call(CallConditions(), places=1)

    await join_campaign(street.database, first, call, now=NOW)

    with pytest.raises(ConditionUnmet, match="places_left"):
        await join_campaign(street.database, second, call, now=NOW)


@told
async def test_bureau_nominates_its_own_shops_and_another_person_decides(street: Street) -> None:
    officer, second = staff(HAISHU), staff(HAISHU)
    good, bad, elsewhere = await street.shop(), await street.shop(licence_no=""), await street.shop(adcode="330212")
    call = await street.call(CallConditions())

    async def propose(*stores: UUID) -> UUID:
        return await propose_shops(
            street.database, officer, call, stores, adcode="330203", reason="老字号", key=uuid4().hex, now=NOW
        )

    with pytest.raises(BadField):
        await propose(good, elsewhere)
    nomination = await propose(good, bad)
    with pytest.raises(AnotherMustDecide):
        await decide_nomination(street.database, officer, nomination, approve=True, now=NOW)
    left_out = await decide_nomination(street.database, second, nomination, approve=True, now=NOW)

    assert left_out == {bad: "licence"}
    assert len(await street.groups_of(good)) == 1
    async with street.database.transaction() as connection:
        (kept,) = await nominations_of(connection, call, places=("330203",))
    assert kept.left_out == {str(bad): "licence"}
    with pytest.raises(ForbiddenMove):
        await decide_nomination(street.database, second, nomination, approve=False, now=NOW)


@told
async def test_service_is_requested_once_offered_and_accepted(street: Street) -> None:
    shop, other = await street.shop(), await street.shop()
    service = await street.publish(Draft(Kind.SERVICE, Wording("经营贷", "说明"), EVERYBODY, publisher="zhenlan"))

    made = await request_service(street.database, shop, service, note="二十万", key="k", now=NOW)
    again = await request_service(street.database, shop, service, note="二十万", key="k", now=NOW)
    with pytest.raises(RequestOpen):
        await request_service(street.database, shop, service, note="", key="other", now=NOW)
    with pytest.raises(NotInSpace):
        await settle_request(street.database, other, made, RequestState.WITHDRAWN, now=NOW)
    with pytest.raises(ForbiddenMove):
        await settle_request(street.database, shop, made, RequestState.ACCEPTED, now=NOW)
    await answer_request(street.database, MAKER, made, RequestState.OFFERED, answer="年化 4%", now=NOW)
    async with street.database.transaction() as connection:
        home = await home_of(connection, shop, now=NOW)
    await settle_request(street.database, shop, made, RequestState.ACCEPTED, now=NOW)

    assert made == again
    assert [one.request_id for one in home.offers] == [made]


@told
async def test_question_is_answered_once_and_the_shop_is_told(street: Street) -> None:
    shop = await street.shop()
    question = await ask_question(street.database, shop, topic=Topic.MONEY, body="何时到账？", key="q", now=NOW)

    await answer_question(street.database, MAKER, question, answer="次日", now=NOW)
    await answer_question(street.database, MAKER, question, answer="次日", now=NOW)

    with pytest.raises(AnsweredBefore):
        await answer_question(street.database, CHECKER, question, answer="后天", now=NOW)
    async with street.database.transaction() as connection:
        home = await home_of(connection, shop, now=NOW)
    assert home.answers == 1


@told
async def test_appeal_needs_a_hold_of_the_shop(street: Street) -> None:
    shop = await street.shop()

    with pytest.raises(BadField):
        await ask_question(street.database, shop, topic=Topic.APPEAL, body="不服", key="a", now=NOW)
    with pytest.raises(NotInSpace):
        await ask_question(street.database, shop, topic=Topic.APPEAL, body="不服", hold_id=fresh_id(), key="b", now=NOW)


def test_every_grid_has_one_group_in_which_its_owner_posts_and_its_shops_reply(fresh_database: str) -> None:
    async def live() -> None:
        async with opened(fresh_database) as database:
            street = Street(database, fresh_id(), NOW)
            inside, outside = await street.shop(), await street.shop(adcode="330212", lon=121.56, lat=29.83)
            await open_grids(database, load_regions(), seed=1, now=NOW)
            assert await open_groups(database, MAKER, places=None, now=NOW) == 74
            assert await open_groups(database, CHECKER, places=None, now=NOW) == 0
            async with database.transaction() as connection:
                grid = (await reader_of(connection, inside, now=NOW)).grid or ""
                elsewhere = (await reader_of(connection, outside, now=NOW)).grid or ""

            post = await post_in_group(database, MAKER, grid, body="周三培训", key="p", now=NOW)
            with pytest.raises(Forbidden):
                await post_in_group(database, CHECKER, grid, body="我也说", key="p", now=NOW)
            with pytest.raises(NotInSpace):
                await reply_in_group(database, outside, post, body="收到", key="r", now=NOW)
            for _ in range(2):
                await reply_in_group(database, inside, post, body="收到", key="r", now=NOW)
            notice = await street.publish(Draft(Kind.NOTICE, Wording("网格通知", "正文"), Reach(Audience.GRID, grid)))

            async with database.transaction() as connection:
                (seen,) = await posts_of(connection, grid)
                groups = await grid_groups(connection)
            assert [reply.body for reply in seen.replies] == ["收到"]
            assert sum(group.replies for group in groups) == 1
            assert grid != elsewhere
            assert notice in await street.reads(inside, Kind.NOTICE)
            assert notice not in await street.reads(outside, Kind.NOTICE)

    asyncio.run(live())
