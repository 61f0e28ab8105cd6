"""Finance's events: each is in the ledger, the journal and the audit log once, whatever is repeated."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from stores.city import FUNDER, SmallCity, small_city

from yongquan import ledger
from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.fund_campaign import open_books
from yongquan.flows.funds import FundsShort
from yongquan.flows.prove_books import prove_books
from yongquan.flows.record_funding import BeyondBalance, CampaignNotOver, DocumentUsed, Event, credit_of, record_event
from yongquan.institutions.funding_store import journal_of
from yongquan.kernel.errors import BadInput
from yongquan.ledger import Kind
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden, Role, RoleGrant, Staff

FINANCE = Staff(fresh_id(), "finance", "财务", frozenset({RoleGrant(Role.FINANCE)}))
BRAND = replace(FUNDER, funder_id="brand", kind="merchant", advancer="suihe", advance_limit_fen=10_000)


def _run(conninfo: str, story: Callable[[SmallCity], Awaitable[None]]) -> None:
    async def go() -> None:
        async with small_city(conninfo) as city:
            async with city.database.transaction() as connection:
                await open_books(connection, ["suihe"], [FUNDER, BRAND], cells=1, now=city.now)
            await story(city)
            connection = await city.database.connect()
            try:
                assert (await prove_books(connection)).holds
            finally:
                await connection.close()

    asyncio.run(go())


async def _balance(city: SmallCity, owner: object, kind: Kind) -> int:
    async with city.database.transaction() as connection:
        return await credit_of(connection, owner, kind)


async def _advanced(city: SmallCity, fen: int) -> None:
    """The brand's subsidy of a day was called from its advancer."""
    async with city.database.transaction() as connection:
        transfers = ledger.payment_recipes.call_subsidy(
            event=fresh_id(), funder_id="brand", payer_id="suihe", amount_fen=fen, advanced=True
        )
        await ledger.post(connection, transfers, cell=0, now=city.now)


def test_a_receipt_is_booked_once_and_kept_with_its_number(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        event = Event(kind="prepay", funder_id="brand", document_no="收据 1", amount_fen=700)

        for _ in range(2):
            await record_event(city.database, FINANCE, event, now=city.now)

        assert await _balance(city, "brand", Kind.CASH) == 700
        async with city.database.transaction() as connection:
            assert [entry.document_no for entry in await journal_of(connection, "brand")] == ["收据 1"]
        with pytest.raises(DocumentUsed):
            await record_event(city.database, FINANCE, replace(event, amount_fen=701), now=city.now)

    _run(fresh_database, story)


def test_an_advance_repaid_can_be_promised_again_and_never_more_is_repaid(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        await _advanced(city, 600)
        repay = Event(kind="repay_advance", funder_id="brand", document_no="还款 1", amount_fen=400)

        await record_event(city.database, FINANCE, repay, now=city.now)

        assert await _balance(city, "brand", Kind.ADVANCED) == 200
        assert await _balance(city, "brand", Kind.ADVANCE_LIMIT) == 10_400
        with pytest.raises(BeyondBalance):
            await record_event(
                city.database, FINANCE, replace(repay, document_no="还款 2", amount_fen=201), now=city.now
            )
        with pytest.raises(FundsShort) as short:
            await record_event(
                city.database, FINANCE, replace(repay, document_no="3", amount_fen=9, advance_fen=9), now=city.now
            )
        assert (short.value.facts["funder_id"], short.value.facts["short_fen"]) == ("brand", 9)

    _run(fresh_database, story)


def test_a_deduction_names_its_reason_lowers_spending_and_can_be_recovered(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        await _advanced(city, 600)
        with pytest.raises(BadInput, match="reason"):
            Event(kind="deduct", funder_id="brand", document_no="审 1", amount_fen=100)
        deduct = Event(
            kind="deduct", funder_id="brand", document_no="审 1", amount_fen=100, advance_fen=60, reason="重复申报"
        )
        recover = Event(kind="recover", funder_id="brand", document_no="回款 1", amount_fen=40)

        await record_event(city.database, FINANCE, deduct, now=city.now)
        await record_event(city.database, FINANCE, recover, now=city.now)

        assert -await _balance(city, "brand", Kind.SPENT) == 500
        assert await _balance(city, "brand", Kind.ADVANCED) == 540
        assert await _balance(city, "brand", Kind.CASH) == 40
        with pytest.raises(BeyondBalance):
            await record_event(city.database, FINANCE, replace(recover, document_no="2", amount_fen=1), now=city.now)

    _run(fresh_database, story)


def test_a_final_account_returns_the_surplus_when_nothing_is_out(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        round_ = await city.round(stock=2)
        await city.claim(await city.citizen(), round_)
        final = Event(kind="final_account", funder_id="bureau", document_no="决算 1", campaign_id=round_.campaign_id)
        with pytest.raises(CampaignNotOver):
            await record_event(city.database, FINANCE, final, now=city.now)
        later = city.now + timedelta(days=9)
        await expire_vouchers(city.database, cells=1, now=later)
        await recycle_rounds(city.database, now=later)

        account = await record_event(city.database, FINANCE, final, now=later)

        assert account.facts == {
            "funded_fen": 1_000,
            "used_fen": 0,
            "cash_returned_fen": 1_000,
            "advance_returned_fen": 0,
        }
        assert await _balance(city, "bureau", Kind.CASH) == 1_000
        back = Event(kind="repay_funder", funder_id="bureau", document_no="退 1", amount_fen=1_000)
        await record_event(city.database, FINANCE, back, now=later)
        assert await _balance(city, "bureau", Kind.SUPERVISED) == 0

    _run(fresh_database, story)


def test_an_approval_document_funds_a_campaign_again(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        round_ = await city.round(stock=2)
        fund = Event(
            kind="fund",
            funder_id="brand",
            document_no="甬商〔2022〕1号",
            campaign_id=round_.campaign_id,
            advance_fen=900,
        )

        await record_event(city.database, FINANCE, fund, now=city.now)

        assert await _balance(city, f"{round_.campaign_id}:brand", Kind.BUDGET) == 900
        assert await _balance(city, "brand", Kind.ADVANCE_LIMIT) == 9_100

    _run(fresh_database, story)


def test_only_finance_of_the_place_records(fresh_database: str) -> None:
    async def story(city: SmallCity) -> None:
        officer = replace(
            FINANCE, grants=frozenset({RoleGrant(Role.BUREAU_OFFICER), RoleGrant(Role.FINANCE, "330203")})
        )
        event = Event(kind="prepay", funder_id="brand", document_no="1", amount_fen=7, campaign_id=UUID(int=7))

        with pytest.raises(Forbidden):
            await record_event(city.database, officer, event, now=city.now)

    _run(fresh_database, story)
