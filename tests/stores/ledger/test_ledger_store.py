"""The store on a real PostgreSQL: competing connections, snapshots, balances, recipes that are refused."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest

from yongquan.ledger import (
    Account,
    AccountFlags,
    Balances,
    Kind,
    PostingRefused,
    Transfer,
    TransferFlags,
    TransferOutcome,
    account_id,
    balances_of,
    create_accounts,
    create_transfers,
    expire_pending,
    open_accounts,
    post,
    recipes,
    take_snapshot,
    transfers_of,
)
from yongquan.plumbing.db import Connection

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
FUNDER, CAMPAIGN, TYPE = UUID(int=11), UUID(int=12), UUID(int=13)
T = TypeVar("T")


def run(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


async def connect(conninfo: str) -> Connection:
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)


def plain(id_: int, *, limited: bool = False) -> Account:
    flags = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS if limited else AccountFlags(0)
    return Account(id=UUID(int=id_), ledger=1, code=1, flags=flags)


def move(id_: int, *, debit: int, credit: int, amount: int, timeout_s: int = 0, pending: bool = False) -> Transfer:
    return Transfer(
        id=UUID(int=id_),
        debit_account_id=UUID(int=debit),
        credit_account_id=UUID(int=credit),
        amount=amount,
        ledger=1,
        code=1,
        timeout_s=timeout_s,
        flags=TransferFlags.PENDING if pending else TransferFlags(0),
    )


def test_competing_connections_never_overdraw_a_guarded_account(fresh_database: str) -> None:
    async def spend(base: int) -> list[TransferOutcome]:
        async with await connect(fresh_database) as connection:
            outcomes: list[TransferOutcome] = []
            for n in range(30):
                pair = [
                    move(base + 2 * n, debit=1, credit=3, amount=7),
                    move(base + 2 * n + 1, debit=2, credit=3, amount=7),
                ]
                if base % 2:
                    pair.reverse()
                outcomes += await create_transfers(connection, pair, cell=0, now=NOW)
            return outcomes

    async def story() -> tuple[list[list[TransferOutcome]], dict[UUID, Balances]]:
        async with await connect(fresh_database) as connection:
            await create_accounts(
                connection, [plain(1, limited=True), plain(2, limited=True), plain(3), plain(4)], cell=0, now=NOW
            )
            funding = [move(1, debit=4, credit=1, amount=500), move(2, debit=4, credit=2, amount=500)]
            await create_transfers(connection, funding, cell=0, now=NOW)
            outcomes = await asyncio.gather(*(spend(base) for base in (1000, 2001, 3000, 4001)))
            return list(outcomes), dict(await balances_of(connection, [UUID(int=n) for n in (1, 2, 3)], cell=0))

    outcomes, balances = run(story())

    created = sum(some.count(TransferOutcome.CREATED) for some in outcomes)
    assert created == 2 * (500 // 7)
    assert balances[UUID(int=1)] == Balances(0, 497, 0, 500)
    assert balances[UUID(int=2)] == Balances(0, 497, 0, 500)
    assert balances[UUID(int=3)] == Balances(0, 0, 0, 994)


def test_the_same_transfers_from_two_connections_are_made_once(fresh_database: str) -> None:
    async def send() -> list[TransferOutcome]:
        async with await connect(fresh_database) as connection:
            outcomes: list[TransferOutcome] = []
            for n in range(40):
                row = [move(100 + n, debit=1, credit=2, amount=5)]
                outcomes += await create_transfers(connection, row, cell=0, now=NOW)
            return outcomes

    async def story() -> tuple[list[TransferOutcome], list[TransferOutcome], dict[UUID, Balances]]:
        async with await connect(fresh_database) as connection:
            await create_accounts(connection, [plain(1), plain(2)], cell=0, now=NOW)
            one, two = await asyncio.gather(send(), send())
            return one, two, dict(await balances_of(connection, [UUID(int=1)], cell=0))

    one, two, balances = run(story())

    assert all({a, b} == {"created", "exists"} for a, b in zip(one, two, strict=True))
    assert balances[UUID(int=1)].debits_posted == 200


def test_a_pending_transfer_is_resolved_by_one_of_two_connections(fresh_database: str) -> None:
    async def resolve(base: int, flag: TransferFlags) -> list[TransferOutcome]:
        async with await connect(fresh_database) as connection:
            outcomes: list[TransferOutcome] = []
            for n in range(30):
                row = Transfer(id=UUID(int=base + n), pending_id=UUID(int=100 + n), flags=flag)
                outcomes += await create_transfers(connection, [row], cell=0, now=NOW)
            return outcomes

    async def story() -> tuple[list[TransferOutcome], list[TransferOutcome], dict[UUID, Balances]]:
        async with await connect(fresh_database) as connection:
            await create_accounts(connection, [plain(1, limited=True), plain(2)], cell=0, now=NOW)
            await create_transfers(connection, [move(1, debit=2, credit=1, amount=300)], cell=0, now=NOW)
            holds = [move(100 + n, debit=1, credit=2, amount=10, pending=True) for n in range(30)]
            await create_transfers(connection, holds, cell=0, now=NOW)
            one, two = await asyncio.gather(
                resolve(1000, TransferFlags.VOID_PENDING_TRANSFER), resolve(2000, TransferFlags.VOID_PENDING_TRANSFER)
            )
            return one, two, dict(await balances_of(connection, [UUID(int=1), UUID(int=2)], cell=0))

    one, two, balances = run(story())

    assert all({a, b} == {"created", "pending_transfer_already_voided"} for a, b in zip(one, two, strict=True))
    assert balances[UUID(int=1)] == Balances(0, 0, 0, 300)
    assert balances[UUID(int=2)] == Balances(0, 300, 0, 0)


def test_snapshot_leaves_out_what_an_open_transaction_may_still_commit(fresh_database: str) -> None:
    async def story() -> tuple[int, int, Balances, Balances]:
        async with await connect(fresh_database) as connection, await connect(fresh_database) as older:
            await create_accounts(connection, [plain(1), plain(2)], cell=0, now=NOW)
            await create_transfers(connection, [move(1, debit=1, credit=2, amount=5)], cell=0, now=NOW)
            async with older.transaction():
                await create_transfers(older, [move(2, debit=1, credit=2, amount=70)], cell=0, now=NOW)
                await create_transfers(connection, [move(3, debit=1, credit=2, amount=900)], cell=0, now=NOW)
                folded = await take_snapshot(connection, cell=0)
                during = (await balances_of(connection, [UUID(int=2)], cell=0))[UUID(int=2)]
            after = (await balances_of(connection, [UUID(int=2)], cell=0))[UUID(int=2)]
            later = await take_snapshot(connection, cell=0)
            assert (await balances_of(connection, [UUID(int=2)], cell=0))[UUID(int=2)] == after
            return folded, later, during, after

    folded, later, during, after = run(story())

    assert (folded, later) == (1, 2)
    assert during == Balances(0, 0, 0, 905)
    assert after == Balances(0, 0, 0, 975)


def test_unguarded_account_shows_its_pending_transfers_until_they_end(fresh_database: str) -> None:
    async def story() -> list[Balances]:
        async with await connect(fresh_database) as connection:
            await create_accounts(connection, [plain(1), plain(2)], cell=0, now=NOW)
            seen: list[Balances] = []

            async def look() -> None:
                seen.append((await balances_of(connection, [UUID(int=1)], cell=0))[UUID(int=1)])

            holds = [
                move(1, debit=1, credit=2, amount=5, pending=True, timeout_s=60),
                move(2, debit=1, credit=2, amount=70, pending=True),
            ]
            await create_transfers(connection, holds, cell=0, now=NOW)
            await look()
            posted = Transfer(
                id=UUID(int=3), pending_id=UUID(int=2), amount=40, flags=TransferFlags.POST_PENDING_TRANSFER
            )
            await create_transfers(connection, [posted], cell=0, now=NOW)
            await take_snapshot(connection, cell=0)
            await look()
            assert await expire_pending(connection, cell=0, now=NOW + timedelta(seconds=59)) == 0
            assert await expire_pending(connection, cell=0, now=NOW + timedelta(seconds=60)) == 1
            await look()
            return seen

    seen = run(story())

    assert seen == [Balances(75, 0, 0, 0), Balances(5, 40, 0, 0), Balances(0, 40, 0, 0)]


def test_hot_posting_and_engine_share_one_book(fresh_database: str) -> None:
    async def story() -> tuple[Balances, list[TransferOutcome]]:
        async with await connect(fresh_database) as connection:
            await open_accounts(connection, recipes.type_accounts(TYPE), cell=0, now=NOW)
            claim = recipes.claim_voucher(voucher_id=UUID(int=77), type_id=TYPE, amount_fen=2000)[0]
            await connection.execute(
                "select ledger.post(0, 1, 101, array[%(id)s]::uuid[], array[%(id)s]::uuid[],"
                " array[ledger.account_of(%(type)s, 'stock')], array[ledger.account_of(%(type)s, 'claimed')],"
                " array[2000]::bigint[], %(now)s)",
                {"id": claim.id, "type": str(TYPE), "now": NOW},
            )
            repeated = await create_transfers(connection, [claim], cell=0, now=NOW)
            claimed = account_id(TYPE, Kind.CLAIMED)
            return (await balances_of(connection, [claimed], cell=0))[claimed], repeated

    balances, repeated = run(story())

    assert balances == Balances(0, 0, 0, 2000)
    assert repeated == ["exists"]


def test_round_beyond_cash_and_advance_limit_cannot_be_published(fresh_database: str) -> None:
    async def story() -> str:
        async with await connect(fresh_database) as connection:
            accounts = [
                *recipes.funder_accounts(FUNDER),
                *recipes.campaign_accounts(CAMPAIGN),
                *recipes.type_accounts(TYPE),
            ]
            await open_accounts(connection, accounts, cell=0, now=NOW)
            event = UUID(int=1)
            await post(connection, recipes.prepay(event=event, funder_id=FUNDER, amount_fen=1000), cell=0, now=NOW)
            await post(
                connection, recipes.grant_advance(event=event, funder_id=FUNDER, amount_fen=500), cell=0, now=NOW
            )
            funding = recipes.fund_campaign(
                event=UUID(int=2), funder_id=FUNDER, campaign_id=CAMPAIGN, cash_fen=1000, advance_fen=500
            )
            await post(connection, funding, cell=0, now=NOW)
            await post(connection, funding, cell=0, now=NOW)
            first = recipes.publish_round(event=UUID(int=3), campaign_id=CAMPAIGN, reserve_fen={TYPE: 1500})
            await post(connection, first, cell=0, now=NOW)
            more = recipes.publish_round(event=UUID(int=4), campaign_id=CAMPAIGN, reserve_fen={TYPE: 1})
            with pytest.raises(PostingRefused) as refused:
                await post(connection, more, cell=0, now=NOW)
            return refused.value.outcome

    assert run(story()) == "exceeds_credits"


def test_a_balancing_transfer_of_an_unguarded_account_is_a_bug(fresh_database: str) -> None:
    async def story() -> None:
        async with await connect(fresh_database) as connection:
            await create_accounts(connection, [plain(1), plain(2)], cell=0, now=NOW)
            row = Transfer(
                id=UUID(int=1),
                debit_account_id=UUID(int=1),
                credit_account_id=UUID(int=2),
                ledger=1,
                code=1,
                flags=TransferFlags.BALANCING_DEBIT,
            )
            await create_transfers(connection, [row], cell=0, now=NOW)

    with pytest.raises(psycopg.errors.RaiseException, match="needs a guarded account"):
        run(story())


def test_transfers_are_read_back_as_they_were_booked(fresh_database: str) -> None:
    async def story() -> list[tuple[int, UUID | None]]:
        async with await connect(fresh_database) as connection:
            await create_accounts(connection, [plain(1), plain(2)], cell=0, now=NOW)
            hold = move(1, debit=1, credit=2, amount=50, pending=True)
            void = Transfer(id=UUID(int=2), pending_id=UUID(int=1), flags=TransferFlags.VOID_PENDING_TRANSFER)
            await create_transfers(connection, [hold, void], cell=0, now=NOW)
            rows = await transfers_of(connection, [UUID(int=2), UUID(int=9), UUID(int=1)], cell=0)
            return [(row.amount, row.pending_id) for row in rows]

    assert run(story()) == [(50, UUID(int=1)), (50, None)]
