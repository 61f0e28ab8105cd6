"""What a merchant has prepaid for its own vouchers, and, where the sandbox runs, a bank transfer to try it with."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL
from yongquan.flows.own_parties import Applicant, NoSuchOwn, own_for
from yongquan.flows.record_funding import Event
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.funding_store import FundingEntry, add_entry, entry_of, lock_funder
from yongquan.institutions.links import Links
from yongquan.institutions.store import Funder, all_funders
from yongquan.ledger import Kind
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.own_model import OwnState, OwnVoucher

SANDBOX_BALANCE_FEN = 1_000_000_00


@dataclass(frozen=True, slots=True)
class OwnMoney:
    """The merchant's supervised account as the books know it: where it is, and what of it is not promised (fen)."""

    funder: Funder
    free_fen: int


async def read_own_money(connection: Connection, own: OwnVoucher) -> OwnMoney | None:
    """The account of a voucher's merchant; None before its first approval."""
    funder = next((f for f in await all_funders(connection) if f.funder_id == own.funder_id), None)
    if funder is None:
        return None
    account = ledger.account_id(funder.funder_id, Kind.CASH)
    balances = await ledger.balances_of(connection, [account], cell=HOME_CELL)
    return OwnMoney(funder, balances[account].credit_fen if account in balances else 0)


async def prepay_in_sandbox(database: Database, links: Links, who: Applicant, own_id: UUID, *, now: datetime) -> None:
    """A sandbox bank opens the supervised account with money on it, and what the voucher lacks is booked as prepaid.

    Once a voucher; outside the sandbox finance records what the bank reports. Raises `NoSuchOwn`.
    """
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        money = await read_own_money(connection, own)
    if money is None or own.state is not OwnState.APPROVED:
        raise NoSuchOwn
    funder = money.funder
    opening = AccountOpening(account_no=funder.account_no, holder=funder.name, opening_balance_fen=SANDBOX_BALANCE_FEN)
    async with links.client(funder.bank) as bank:
        await bank.open_accounts([opening])  # one that is open already is refused, and stays as it is
    async with database.transaction() as connection:
        await lock_funder(connection, funder.funder_id)
        money = await read_own_money(connection, own) or money
        short_fen = own.design.most_fen - money.free_fen
        if short_fen > 0:
            await _book(connection, own, short_fen, now=now)


async def _book(connection: Connection, own: OwnVoucher, short_fen: int, *, now: datetime) -> None:
    event = Event(kind="prepay", funder_id=own.funder_id, document_no=f"sandbox-{own.code}", amount_fen=short_fen)
    if await entry_of(connection, event.entry_id) is not None:
        return
    transfers = ledger.recipes.prepay(event=event.entry_id, funder_id=own.funder_id, amount_fen=short_fen)
    await ledger.post(connection, transfers, cell=HOME_CELL, now=now)
    entry = FundingEntry(
        entry_id=event.entry_id,
        kind="prepay",
        funder_id=own.funder_id,
        campaign_id=None,
        amount_fen=short_fen,
        advance_fen=0,
        document_no=event.document_no,
        reason="",
        facts={},
        recorded_at=now,
        recorded_by="command:sandbox",
    )
    await add_entry(connection, entry)
