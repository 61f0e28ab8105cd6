"""Budget between types, and leftovers issued again: stock and book move together, once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from stores.city import SmallCity, small_city

from yongquan import ledger
from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.move_budget import CannotMove, Move, move_budget
from yongquan.flows.prove_books import prove_books
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.flows.record_funding import credit_of
from yongquan.ledger import Kind
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.budget_board import budget_of
from yongquan.vouchers.model import Round
from yongquan.vouchers.stock_store import set_leftover
from yongquan.vouchers.store import save_rounds, types_of

FINANCE = Staff(fresh_id(), "finance", "财务", frozenset({RoleGrant(Role.FINANCE)}))


def _run(conninfo: str, story: Callable[[SmallCity], Awaitable[None]]) -> None:
    async def go() -> None:
        async with small_city(conninfo, cells=1) as city:
            await story(city)
            connection = await city.database.connect()
            try:
                proof = await prove_books(connection)
            finally:
                await connection.close()
            assert proof.holds, [check for check in proof.checks if check.faults]

    asyncio.run(go())


async def _move(city: SmallCity, round_: Round, *, pieces: int) -> Move:
    async with city.database.transaction() as connection:
        source, target = await types_of(connection, [round_.round_id])
    return Move(
        move_id=fresh_id(),
        campaign_id=round_.campaign_id,
        source=source.type_id,
        target=target.type_id,
        pieces=pieces,
        reason="餐饮券更受欢迎",
    )


def test_unclaimed_pieces_of_one_type_become_pieces_of_another_once(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        round_ = await city.round(stock=4, types=2)
        move = await _move(city, round_, pieces=3)

        added = [await move_budget(city.database, FINANCE, move, now=city.now) for _ in range(2)]

        assert added == [3, 3]
        async with city.database.transaction() as connection:
            rows = {row.type_id: row for row in await budget_of(connection, round_.campaign_id)}
        assert (rows[move.source].left, rows[move.target].left) == (1, 7)
        with pytest.raises(CannotMove):
            await move_budget(city.database, FINANCE, replace(move, move_id=fresh_id(), pieces=2), now=city.now)

    _run(fresh_database, story)


def test_what_a_round_leaves_over_is_issued_again_in_the_next(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        first = await city.round(stock=5)
        later = city.now + timedelta(days=4)
        second = replace(first, round_id=fresh_id(), opens_at=later, closes_at=later + timedelta(days=2))
        async with city.database.transaction() as connection:
            (type_,) = await types_of(connection, [first.round_id])
            more = ledger.recipes.prepay(event=fresh_id(), funder_id="bureau", amount_fen=500)
            await ledger.post(connection, more, cell=0, now=city.now)
            fund = ledger.recipes.fund_campaign(
                event=fresh_id(), funder_id="bureau", campaign_id=first.campaign_id, cash_fen=500
            )
            await ledger.post(connection, fund, cell=0, now=city.now)
            like = replace(type_, type_id=fresh_id(), round_id=second.round_id, stock=1)
            await save_rounds(connection, [second], [like])
            await publish_rounds(connection, first.campaign_id, [second.round_id], cells=1, now=city.now)
            assert await set_leftover(connection, first.campaign_id, first.round_id, "next_round")
        await city.claim(await city.citizen(), first)

        await expire_vouchers(city.database, cells=1, now=later)
        await recycle_rounds(city.database, now=later)
        await recycle_rounds(city.database, now=later)

        async with city.database.transaction() as connection:
            rows = {row.type_id: row for row in await budget_of(connection, first.campaign_id)}
            assert await credit_of(connection, first.campaign_id, Kind.BUDGET) == 0
        assert (rows[type_.type_id].left, rows[like.type_id].left) == (0, 6)

    _run(fresh_database, story)
