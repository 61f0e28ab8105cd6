"""Staff steer campaigns and rounds: within their bounds, along the table of moves, with a reason that stays."""

import asyncio
from uuid import UUID

import pytest
from stores.city import SmallCity, small_city

from yongquan.flows.steer_campaign import UnknownCampaign, Wish, steer_campaign, steer_round
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.board import RoundBoard, rounds_on_board
from yongquan.vouchers.model import ForbiddenMove, Round


def member(role: Role = Role.BUREAU_OFFICER, adcode: str | None = None) -> Staff:
    return Staff(UUID(int=7), "chen", "陈一", frozenset({RoleGrant(role, adcode)}))


async def board_of(city: SmallCity, round_: Round) -> RoundBoard:
    async with city.database.transaction() as connection:
        return next(r for r in await rounds_on_board(connection, places=None) if r.round_id == round_.round_id)


def test_pause_and_resume_are_written_down_with_their_reasons(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round()

            await steer_round(city.database, round_.round_id, Wish(member(), "paused", "核对"), now=city.now)
            paused = await board_of(city, round_)
            await steer_round(city.database, round_.round_id, Wish(member(), "published", "完成"), now=city.now)

            assert paused.phase(city.now) == "paused"
            assert (await board_of(city, round_)).phase(city.now) == "open"
            async with city.database.transaction() as connection:
                entries = await audit_page(connection, subject=f"round:{round_.round_id}")
            assert [(e.action, e.actor) for e in entries] == [
                ("round.published", member().actor),
                ("round.paused", member().actor),
            ]
            assert entries[1].after == {"state": "paused", "reason": "核对"}

    asyncio.run(scene())


def test_paused_campaign_pauses_its_rounds_in_memory(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(), await city.citizen()

            await steer_campaign(city.database, round_.campaign_id, Wish(member(), "paused", "核对"), now=city.now)
            await city.refresh()

            offer = city.catalogue.get(round_.round_id.hex)
            assert offer is not None
            assert offer.refusal_at(city.now) == "not_open:paused"
            await steer_campaign(city.database, round_.campaign_id, Wish(member(), "published", "好"), now=city.now)
            await city.refresh()
            assert (await city.claim(citizen, round_)).code == "claimed"

    asyncio.run(scene())


def test_ended_campaign_ends_its_rounds_and_keeps_vouchers_good(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(), await city.citizen()
            await city.claim(citizen, round_)

            await steer_campaign(city.database, round_.campaign_id, Wish(member(), "ended", "预算用完"), now=city.now)
            await city.refresh()

            assert (await board_of(city, round_)).state == "ended"
            assert (await city.claim(await city.citizen(), round_)).code == "not_open"
            offer = city.catalogue.get(round_.round_id.hex)
            assert offer is not None
            assert all(type_.rules.campaign_active for type_ in offer.types.values())
            with pytest.raises(ForbiddenMove):
                await steer_campaign(
                    city.database, round_.campaign_id, Wish(member(), "published", "再来"), now=city.now
                )

    asyncio.run(scene())


@pytest.mark.parametrize("who", [member(Role.AUDITOR), member(adcode="330203")])
def test_city_campaign_is_not_steered_by_auditors_or_divisions(fresh_database: str, who: Staff) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round()

            with pytest.raises(Forbidden):
                await steer_round(city.database, round_.round_id, Wish(who, "ended", "越权"), now=city.now)
            with pytest.raises(Forbidden):
                await steer_campaign(city.database, round_.campaign_id, Wish(who, "paused", "越权"), now=city.now)

            assert (await board_of(city, round_)).phase(city.now) == "open"
            async with city.database.transaction() as connection:
                assert await audit_page(connection) == []

    asyncio.run(scene())


def test_unknown_round_and_empty_reason_are_refused(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            with pytest.raises(UnknownCampaign):
                await steer_round(city.database, fresh_id(), Wish(member(), "paused", "找不到"), now=city.now)

    asyncio.run(scene())
    with pytest.raises(BadInput):
        Wish(member(), "paused", "")
