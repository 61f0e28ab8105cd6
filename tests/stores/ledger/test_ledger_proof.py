"""The proof holds over a whole day of recipes, and finds each kind of damage."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from yongquan.ledger import (
    Kind,
    Proof,
    TypeFacts,
    account_id,
    balances_of,
    chain_of,
    expire_pending,
    open_accounts,
    payment_recipes,
    post,
    prove,
    recipes,
    take_snapshot,
)
from yongquan.ledger.model import Transfer
from yongquan.plumbing.db import Connection

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
FUNDER, CAMPAIGN, TYPE = UUID(int=11), UUID(int=12), UUID(int=13)
VOUCHERS = [UUID(int=100 + n) for n in range(5)]
FACTS = TypeFacts(
    type_id=TYPE, stock_fen=0, claimed_fen=2000, locked_fen=2000, frozen_fen=2000, redeemed_fen=1500, recycled_fen=2500
)

DAMAGE = [
    ("update ledger.guarded set debits_posted = debits_posted + 1 where credits_posted > 0", "guarded_rows"),
    ("delete from ledger.account where kind = 'clearing'", "transfers_name_accounts"),
    ("update ledger.account set ledger = 2 where kind = 'claimed'", "ledgers_balance"),
    ("delete from ledger.transfer where code = 204", "chains_are_whole"),
    ("update ledger.snapshot set credits_posted = credits_posted + 1", "snapshots_hold"),
    ("update ledger.transfer set code = 999 where code = 124", "face_value"),
    ("update ledger.transfer set amount = amount * 9 where code = 105", "face_value"),
    ("insert into ledger.pending select cell, transfer_id, debit_account_id, credit_account_id, amount, 'posted'"
     " from ledger.transfer limit 1", "pending_transfers"),
    ("update ledger.transfer set amount = amount - 1 where code = 402", "in_transit"),
    ("update ledger.transfer set amount = amount - 1 where code = 104", "vouchers_agree"),
]  # fmt: skip


async def day(connection: Connection) -> None:
    """A funder prepays, a round is published, five vouchers meet their ends, one payment is cleared and settled."""
    accounts = [*recipes.funder_accounts(FUNDER), *recipes.campaign_accounts(CAMPAIGN), *recipes.network_accounts()]
    accounts += recipes.institution_accounts("bank") + recipes.institution_accounts("acquirer")
    await open_accounts(connection, accounts + recipes.type_accounts(TYPE), cell=0, now=NOW)
    events = (UUID(int=n) for n in range(1000, 2000))

    async def do(*chains: Sequence[Transfer]) -> None:
        for chain in chains:
            await post(connection, chain, cell=0, now=NOW)

    await do(
        recipes.prepay(event=next(events), funder_id=FUNDER, amount_fen=20_000),
        recipes.fund_campaign(event=next(events), funder_id=FUNDER, campaign_id=CAMPAIGN, cash_fen=15_000),
        recipes.publish_round(event=next(events), campaign_id=CAMPAIGN, reserve_fen={TYPE: 12_000}),
        recipes.send_to_cell(event=next(events), type_id=TYPE, amount_fen=3000),
        recipes.receive_in_cell(event=next(events), type_id=TYPE, amount_fen=3000),
        *(recipes.claim_voucher(voucher_id=v, type_id=TYPE, amount_fen=2000) for v in VOUCHERS),
    )
    paid, kept, frozen, expired, _held = VOUCHERS
    for voucher in (paid, kept):
        await do(recipes.lock_voucher(event=next(events), voucher_id=voucher, type_id=TYPE, amount_fen=2000))
    payment = next(events)
    await do(
        chain_of(
            recipes.redeem_voucher(event=payment, voucher_id=paid, type_id=TYPE, amount_fen=2000, redeemed_fen=1500),
            payment_recipes.pay_by_issuer(event=payment, issuer_id="bank", acquirer_id="acquirer", amount_fen=8500),
            payment_recipes.subsidise(event=payment, funder_id=FUNDER, acquirer_id="acquirer", amount_fen=1500),
            payment_recipes.charge_fee(
                event=payment, acquirer_id="acquirer", issuer_id="bank", issuer_fen=45, network_fen=7
            ),
        ),
        recipes.freeze_voucher(event=next(events), voucher_id=frozen, type_id=TYPE, amount_fen=2000),
        recipes.expire_voucher(event=next(events), voucher_id=expired, type_id=TYPE, amount_fen=2000),
        recipes.recycle_type(
            event=next(events), campaign_id=CAMPAIGN, type_id=TYPE, unsold_fen=2000, recycled_fen=2500
        ),
        payment_recipes.call_subsidy(event=next(events), funder_id=FUNDER, payer_id="bank", amount_fen=1500),
        payment_recipes.settle_net(event=next(events), institution_id="acquirer", net_fen=8500 + 1500 - 52),
        payment_recipes.settle_net(event=next(events), institution_id="bank", net_fen=45 - 8500 - 1500),
    )
    await expire_pending(connection, cell=0, now=NOW)
    await take_snapshot(connection, cell=0)


async def read_facts(_: Connection) -> Sequence[TypeFacts]:
    return [FACTS]


def prove_after(conninfo: str, damage: str = "") -> Proof:
    async def story() -> Proof:
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            await day(connection)
            if damage:
                await connection.execute(damage.encode())
            return await prove(connection, type_facts=read_facts)

    return asyncio.run(story())


def test_a_whole_day_of_recipes_holds(fresh_database: str) -> None:
    proof = prove_after(fresh_database)

    assert [check for check in proof.checks if check.faults] == []
    assert proof.holds
    assert proof.transfers > 20


def test_institutions_are_square_after_settlement(fresh_database: str) -> None:
    async def story() -> list[int]:
        async with await psycopg.AsyncConnection.connect(fresh_database, autocommit=True) as connection:
            await day(connection)
            ids = [account_id("bank", Kind.CLEARING), account_id("acquirer", Kind.CLEARING)]
            ids += [account_id(FUNDER, Kind.SUBSIDY_DUE), account_id(CAMPAIGN, Kind.BUDGET)]
            balances = await balances_of(connection, ids, cell=0)
            return [balances[id_].credit_fen for id_ in ids]

    assert asyncio.run(story()) == [0, 0, 0, 7500]


@pytest.mark.parametrize(("damage", "check"), DAMAGE)
def test_damage_is_found(fresh_database: str, damage: str, check: str) -> None:
    proof = prove_after(fresh_database, damage)

    assert [c.name for c in proof.checks if c.faults and check in c.name]
