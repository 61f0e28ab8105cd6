"""Vouchers frozen by a person on a suspicion: kept, not usable, thawed or made void; the ledger follows."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from stores.city import SmallCity, small_city

from yongquan import ledger
from yongquan.flows.expire_vouchers import expire_vouchers
from yongquan.flows.freeze_vouchers import freeze_vouchers
from yongquan.flows.prove_books import prove_books
from yongquan.flows.void_vouchers import Voided, VoidWish, void_vouchers
from yongquan.ledger import Kind
from yongquan.plumbing.audit_pages import audit_page
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.freezing import first_frozen, frozen_of_campaign, why_frozen
from yongquan.vouchers.model import Caps
from yongquan.vouchers.views import held_now, voucher_of

OFFICER = Staff(UUID(int=7), "chen", "陈一", frozenset({RoleGrant(Role.BUREAU_OFFICER, None)}))
SUSPECTED = VoidWish(OFFICER, "疑似代刷")
CLEARED = VoidWish(OFFICER, "查清")


async def state_of(city: SmallCity, citizen: UUID, voucher_id: UUID) -> str:
    async with city.database.transaction() as connection:
        row = await voucher_of(connection, 0, citizen, voucher_id, now=city.now)
    assert row is not None
    return row.state


async def frozen_fen(city: SmallCity, type_id: UUID) -> int:
    id_ = ledger.account_id(type_id, Kind.FROZEN)
    async with city.database.transaction() as connection:
        balances = await ledger.balances_of(connection, [id_], cell=0)
    return balances[id_].credit_fen if id_ in balances else 0


async def require_books(city: SmallCity) -> None:
    connection = await city.database.connect()
    async with connection:
        proof = await prove_books(connection)
        assert proof.holds, proof


def test_a_frozen_voucher_is_kept_counts_and_cannot_be_used_until_it_is_thawed(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(caps=Caps(per_round=1)), await city.citizen()
            voucher_id = UUID((await city.claim(citizen, round_)).voucher_id)
            (type_hex,) = city.catalogue.get(round_.round_id.hex).types
            type_id = UUID(type_hex)

            froze = await freeze_vouchers(city.database, [voucher_id], SUSPECTED, to="frozen", cells=1, now=city.now)
            again = await freeze_vouchers(city.database, [voucher_id], SUSPECTED, to="frozen", cells=1, now=city.now)

            assert (froze, again) == (1, 0)
            assert await state_of(city, citizen, voucher_id) == "frozen"
            assert await frozen_fen(city, type_id) == 500
            assert (await city.claim(citizen, round_)).code == "cap_reached"
            await require_books(city)
            async with city.database.transaction() as connection:
                assert await held_now(connection, 0, citizen, now=city.now) == []
                assert await why_frozen(connection, 0, voucher_id) == "疑似代刷"
                assert await first_frozen(connection, 0, citizen, [voucher_id]) == voucher_id
                (row,) = await frozen_of_campaign(connection, round_.campaign_id)
            assert row.voucher_id == voucher_id

            thawed = await freeze_vouchers(city.database, [voucher_id], CLEARED, to="held", cells=1, now=city.now)

            assert thawed == 1
            assert await state_of(city, citizen, voucher_id) == "held"
            assert await frozen_fen(city, type_id) == 0
            async with city.database.transaction() as connection:
                entries = await audit_page(connection, subject=f"voucher:{voucher_id}")
            assert sorted(entry.action for entry in entries) == ["voucher.frozen", "voucher.thawed"]
            await require_books(city)

    asyncio.run(scene())


def test_a_frozen_voucher_can_become_void_or_be_frozen_again(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(), await city.citizen()
            voucher_id = UUID((await city.claim(citizen, round_)).voucher_id)

            for to in ("frozen", "held", "frozen"):
                assert await freeze_vouchers(city.database, [voucher_id], SUSPECTED, to=to, cells=1, now=city.now) == 1
            gone = await void_vouchers(city.database, [voucher_id], SUSPECTED, cells=1, now=city.now)

            assert gone == Voided(1, 500)
            assert await freeze_vouchers(city.database, [voucher_id], CLEARED, to="held", cells=1, now=city.now) == 0
            await require_books(city)

    asyncio.run(scene())


def test_a_frozen_voucher_expires_only_after_it_is_thawed(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(), await city.citizen()
            voucher_id = UUID((await city.claim(citizen, round_)).voucher_id)
            later = city.now + timedelta(days=8)
            await freeze_vouchers(city.database, [voucher_id], SUSPECTED, to="frozen", cells=1, now=city.now)

            while_frozen = await expire_vouchers(city.database, cells=1, now=later)
            await freeze_vouchers(city.database, [voucher_id], CLEARED, to="held", cells=1, now=later)
            after = await expire_vouchers(city.database, cells=1, now=later)

            assert (while_frozen, after) == (0, 1)
            await require_books(city)

    asyncio.run(scene())


def test_freezing_needs_a_role_in_the_place(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_, citizen = await city.round(), await city.citizen()
            voucher_id = UUID((await city.claim(citizen, round_)).voucher_id)
            auditor = replace(OFFICER, grants=frozenset({RoleGrant(Role.AUDITOR, None)}))

            with pytest.raises(Forbidden):
                await freeze_vouchers(
                    city.database, [voucher_id], VoidWish(auditor, "x"), to="frozen", cells=1, now=city.now
                )

            assert await state_of(city, citizen, voucher_id) == "held"

    asyncio.run(scene())
