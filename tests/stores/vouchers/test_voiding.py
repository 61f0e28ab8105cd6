"""Vouchers made void by a person, a campaign stopped in an emergency, caps that a refund frees."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from stores.city import SmallCity, small_city

from yongquan.flows.prove_books import prove_books
from yongquan.flows.steer_campaign import Wish, steer_campaign
from yongquan.flows.void_vouchers import Voided, VoidWish, void_round, void_vouchers
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import Caps
from yongquan.vouchers.views import held_now, voucher_of
from yongquan.vouchers.voiding import why_void

OFFICER = Staff(UUID(int=7), "chen", "陈一", frozenset({RoleGrant(Role.BUREAU_OFFICER, None)}))


async def require_books(city: SmallCity) -> None:
    connection = await city.database.connect()
    async with connection:
        proof = await prove_books(connection)
        assert proof.holds, proof


async def held_count(city: SmallCity, citizen: UUID) -> int:
    async with city.database.transaction() as connection:
        return len(await held_now(connection, 0, citizen, now=datetime.now(UTC)))


def test_a_void_voucher_is_gone_with_its_reason_and_frees_the_cap(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(caps=Caps(per_round=1)), await city.citizen()
            won = await city.claim(citizen, round_)
            voucher_id = UUID(won.voucher_id)

            done = await void_vouchers(city.database, [voucher_id], VoidWish(OFFICER, "误发"), cells=1, now=city.now)
            again = await void_vouchers(city.database, [voucher_id], VoidWish(OFFICER, "误发"), cells=1, now=city.now)

            assert (done, again) == (Voided(1, 500), Voided(0, 0))
            async with city.database.transaction() as connection:
                row = await voucher_of(connection, 0, citizen, voucher_id, now=city.now)
                assert row is not None
                assert row.state == "void"
                assert await why_void(connection, 0, voucher_id) == "误发"
                (entry,) = await audit_page(connection, subject=f"voucher:{voucher_id}")
            assert (entry.action, entry.actor) == ("voucher.void", OFFICER.actor)
            assert (await city.claim(citizen, round_)).code == "claimed"
            await require_books(city)

    asyncio.run(scene())


def test_what_nobody_used_of_a_round_becomes_void_and_other_rounds_stay(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, other = await city.round(), await city.round()
            citizens = [await city.citizen() for _ in range(3)]
            for citizen in citizens:
                await city.claim(citizen, round_)
                await city.claim(citizen, other)

            done = await void_round(city.database, round_.round_id, VoidWish(OFFICER, "停办"), cells=1, now=city.now)

            assert done == Voided(3, 1_500)
            assert [await held_count(city, citizen) for citizen in citizens] == [1, 1, 1]
            await require_books(city)

    asyncio.run(scene())


def test_voiding_needs_a_reason_and_a_role_in_the_place(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round()
            auditor = replace(OFFICER, grants=frozenset({RoleGrant(Role.AUDITOR, None)}))

            with pytest.raises(BadInput):
                VoidWish(OFFICER, "")
            with pytest.raises(Forbidden):
                await void_round(city.database, round_.round_id, VoidWish(auditor, "x"), cells=1, now=city.now)

    asyncio.run(scene())


def test_a_stopped_campaign_takes_no_claim_and_no_payment_whatever_memory_says(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(), await city.citizen()
            won = await city.claim(citizen, round_)

            await steer_campaign(city.database, round_.campaign_id, Wish(OFFICER, "stopped", "查实刷券"), now=city.now)
            # The catalogue in memory was not refreshed: the database itself must refuse.
            refused = await city.claim(await city.citizen(), round_, key=fresh_id().hex)

            assert refused.code == "not_open"
            async with city.database.transaction() as connection:
                locked = await (
                    await connection.execute(
                        "select vouchers.lock_held(0, %s, %s::uuid[])", [datetime.now(UTC), [UUID(won.voucher_id)]]
                    )
                ).fetchall()
            assert locked == []
            assert await held_count(city, citizen) == 0
            await steer_campaign(city.database, round_.campaign_id, Wish(OFFICER, "published", "查清"), now=city.now)
            assert await held_count(city, citizen) == 1
            assert (await city.claim(await city.citizen(), round_)).code == "claimed"

    asyncio.run(scene())
