"""Finance records what happens to a funder's money: once by its document, in the ledger, the journal and the audit."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL, budget_owner, post_or_name
from yongquan.institutions.funding_store import FundingEntry, add_entry, entry_of, lock_funder, recoverable_of
from yongquan.institutions.store import Funder, all_funders
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.ledger import Kind, Transfer, funder_recipes, recipes, statements
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff
from yongquan.vouchers.funding_store import campaign_is_over, lead_of

FINANCE_ROLES = (Role.FINANCE, Role.ADMIN)
TEXT_MAX = 200
Needs = Mapping[tuple[str, str, Kind], int]


class UnknownFunder(Refusal):
    """There is no such funder or campaign."""

    code = "not_found"


class DocumentUsed(Refusal):
    """This document was recorded with other figures."""

    code = "document_used"


class BeyondBalance(Refusal):
    """More than there is to repay, to deduct or to recover."""

    code = "beyond_balance"


class CampaignNotOver(Refusal):
    """A final account is drawn up when every round has ended and no voucher is out."""

    code = "campaign_not_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What finance records. `document_no` is the receipt, the approval document (文号) or the audit report.

    `advance_fen`: of 'fund', what is promised on the advance limit beside `amount_fen` of cash; of 'deduct', the part
    the advancer is not reimbursed; of 'repay_advance', the part that leaves the supervised account.
    """

    kind: str
    funder_id: str
    document_no: str
    amount_fen: int = 0
    advance_fen: int = 0
    campaign_id: UUID | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.document_no) <= TEXT_MAX or len(self.reason) > TEXT_MAX:
            raise BadInput(f"document_no: write 1 to {TEXT_MAX} characters; the reason has at most as many")
        if self.amount_fen < 0 or self.advance_fen < 0:
            raise BadInput("amount_fen: an amount is not below zero")
        if self.kind == "deduct" and not self.reason:
            raise BadInput("reason: a deduction names its reason")
        if self.kind != "final_account" and self.amount_fen + self.advance_fen == 0:
            raise BadInput("amount_fen: an event moves something")

    @property
    def entry_id(self) -> UUID:
        return named_id("funding", self.kind, self.funder_id, self.campaign_id or "", self.document_no)


async def record_event(
    database: Database, staff: Staff, event: Event, *, now: datetime, audited_at: datetime | None = None
) -> FundingEntry:
    """Record an event; the same document again changes nothing. `now` is business time, `audited_at` real time.

    Locks the funder. Raises `Forbidden`, `UnknownFunder`, `DocumentUsed`, `BeyondBalance`, `FundsShort`,
    `CampaignNotOver`.
    """
    async with database.transaction() as connection:
        funder = await _funder(connection, staff, event.funder_id)
        earlier = await entry_of(connection, event.entry_id)
        if earlier is not None:
            return _same(earlier, event)
        await ledger.open_accounts(connection, recipes.funder_accounts(funder.funder_id), cell=HOME_CELL, now=now)
        entry = await _post(connection, event, now=now, by=staff.actor)
        await add_entry(connection, entry)
        await append(connection, _audit(entry), now=audited_at or now)
    return entry


async def _funder(connection: Connection, staff: Staff, funder_id: str) -> Funder:
    if not await lock_funder(connection, funder_id):
        raise UnknownFunder
    funder = next(f for f in await all_funders(connection) if f.funder_id == funder_id)
    staff.require(*FINANCE_ROLES, adcode=funder.adcode)
    return funder


def _same(earlier: FundingEntry, event: Event) -> FundingEntry:
    asked = (event.amount_fen, event.advance_fen)
    if event.kind != "final_account" and (earlier.amount_fen, earlier.advance_fen) != asked:
        raise DocumentUsed(f"{event.document_no} was recorded with {earlier.amount_fen} fen")
    return earlier


async def _post(connection: Connection, event: Event, *, now: datetime, by: str) -> FundingEntry:
    transfers, needs, facts = await _RECIPES[event.kind](connection, event)
    if event.campaign_id is not None:
        owner = budget_owner(event.campaign_id, event.funder_id, lead=await _lead(connection, event.campaign_id))
        await ledger.open_accounts(connection, recipes.campaign_accounts(owner), cell=HOME_CELL, now=now)
    await post_or_name(connection, transfers, needs, now=now)
    return FundingEntry(
        entry_id=event.entry_id,
        kind=event.kind,
        funder_id=event.funder_id,
        campaign_id=event.campaign_id,
        amount_fen=facts.get("cash_returned_fen", event.amount_fen),
        advance_fen=facts.get("advance_returned_fen", event.advance_fen),
        document_no=event.document_no,
        reason=event.reason,
        facts=facts,
        recorded_at=now,
        recorded_by=by,
    )


_Posting = tuple[list[Transfer], Needs, Mapping[str, int]]


async def _prepay(_: Connection, e: Event) -> _Posting:
    return recipes.prepay(event=e.entry_id, funder_id=e.funder_id, amount_fen=e.amount_fen), {}, {}


async def _fund(connection: Connection, e: Event) -> _Posting:
    owner = budget_owner(_campaign(e), e.funder_id, lead=await _lead(connection, _campaign(e)))
    transfers = recipes.fund_campaign(
        event=e.entry_id,
        funder_id=e.funder_id,
        campaign_id=owner,
        cash_fen=e.amount_fen,
        advance_fen=e.advance_fen,
    )
    return (
        transfers,
        {
            (e.funder_id, e.funder_id, Kind.CASH): e.amount_fen,
            (e.funder_id, e.funder_id, Kind.ADVANCE_LIMIT): e.advance_fen,
        },
        {},
    )


async def _repay_advance(connection: Connection, e: Event) -> _Posting:
    _require(e.amount_fen, await credit_of(connection, e.funder_id, Kind.ADVANCED), "owed to the advancer")
    _require(e.advance_fen, e.amount_fen, "repaid")
    transfers = funder_recipes.repay_advance(
        event=e.entry_id, funder_id=e.funder_id, amount_fen=e.amount_fen, cash_fen=e.advance_fen
    )
    return transfers, {(e.funder_id, e.funder_id, Kind.CASH): e.advance_fen}, {}


async def _deduct(connection: Connection, e: Event) -> _Posting:
    _require(e.amount_fen, -await credit_of(connection, e.funder_id, Kind.SPENT), "spent and recognised")
    _require(e.advance_fen, e.amount_fen, "deducted")
    _require(e.advance_fen, await credit_of(connection, e.funder_id, Kind.ADVANCED), "owed to the advancer")
    transfers = funder_recipes.deduct(
        event=e.entry_id, funder_id=e.funder_id, amount_fen=e.amount_fen, advanced_fen=e.advance_fen
    )
    return transfers, {}, {}


async def _recover(connection: Connection, e: Event) -> _Posting:
    _require(e.amount_fen, await recoverable_of(connection, e.funder_id), "deducted and not recovered")
    return funder_recipes.recover_deduction(event=e.entry_id, funder_id=e.funder_id, amount_fen=e.amount_fen), {}, {}


async def _repay_funder(_: Connection, e: Event) -> _Posting:
    transfers = recipes.repay_funder(event=e.entry_id, funder_id=e.funder_id, amount_fen=e.amount_fen)
    return transfers, {(e.funder_id, e.funder_id, Kind.CASH): e.amount_fen}, {}


async def _final_account(connection: Connection, e: Event) -> _Posting:
    """The surplus goes back to advances first: clearing spends prepaid money first, so promises are what is left."""
    campaign_id = _campaign(e)
    if not await campaign_is_over(connection, campaign_id):
        raise CampaignNotOver
    owner = budget_owner(campaign_id, e.funder_id, lead=await _lead(connection, campaign_id))
    left_fen = await credit_of(connection, owner, Kind.BUDGET)
    budget = ledger.account_id(owner, Kind.BUDGET)
    cash_in, advance_in = [
        await statements.moved_between(connection, ledger.account_id(e.funder_id, kind), budget)
        for kind in (Kind.CASH, Kind.ADVANCE_LIMIT)
    ]
    advance_fen = min(left_fen, max(advance_in, 0))
    facts = {
        "funded_fen": cash_in + advance_in,
        "used_fen": cash_in + advance_in - left_fen,
        "cash_returned_fen": left_fen - advance_fen,
        "advance_returned_fen": advance_fen,
    }
    transfers = recipes.return_surplus(
        event=e.entry_id,
        funder_id=e.funder_id,
        campaign_id=owner,
        cash_fen=left_fen - advance_fen,
        advance_fen=advance_fen,
    )
    return transfers, {}, facts


_RECIPES: Mapping[str, Callable[[Connection, Event], Awaitable[_Posting]]] = {
    "prepay": _prepay,
    "fund": _fund,
    "repay_advance": _repay_advance,
    "deduct": _deduct,
    "recover": _recover,
    "repay_funder": _repay_funder,
    "final_account": _final_account,
}
KINDS = tuple(_RECIPES)


async def credit_of(connection: Connection, owner: object, kind: Kind) -> int:
    """What is on an account's credit side over all cells, in fen."""
    return await statements.credit_of(connection, ledger.account_id(owner, kind))


def _require(wanted_fen: int, there_fen: int, what: str) -> None:
    if wanted_fen > max(there_fen, 0):
        raise BeyondBalance(f"{wanted_fen} fen are more than the {there_fen} fen {what}", there_fen=there_fen)


def _campaign(event: Event) -> UUID:
    if event.campaign_id is None:
        raise BadInput("campaign: choose the campaign")
    return event.campaign_id


async def _lead(connection: Connection, campaign_id: UUID) -> str:
    lead = await lead_of(connection, campaign_id)
    if lead is None:
        raise UnknownFunder
    return lead


def _audit(entry: FundingEntry) -> AuditEntry:
    return AuditEntry(
        actor=entry.recorded_by,
        action=f"funding.{entry.kind}",
        subject=f"funder:{entry.funder_id}",
        after={
            "entry": str(entry.entry_id),
            "campaign": str(entry.campaign_id) if entry.campaign_id else None,
            "amount_fen": entry.amount_fen,
            "advance_fen": entry.advance_fen,
            "document_no": entry.document_no,
            "reason": entry.reason,
        },
    )
