"""An approved version of a campaign comes into force: its rows are written, and money follows what grew."""

from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL
from yongquan.flows.publish_rounds import publish_rounds, reserve_stock
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.documents import CampaignDocument, read_document
from yongquan.vouchers.documents_diff import Unchangeable, judge
from yongquan.vouchers.documents_store import (
    StoredCampaign,
    add_stock,
    stored_campaign,
    update_public,
    write_campaign,
    write_drafts,
)
from yongquan.vouchers.documents_versions import (
    Version,
    VersionState,
    due_versions,
    lock_versions,
    mark_applied,
    mark_decided,
    version_of,
)
from yongquan.vouchers.model import CampaignState, VoucherType

APPLIER = "command:apply"


async def apply_version(
    connection: Connection, version: Version, *, by: str, cells: int, now: datetime
) -> CampaignDocument:
    """Bring an approved version into force in the caller's transaction; one that is in force stays as it is.

    A new campaign is written as drafts. Of a published one only what may change changes; its new rounds are
    published, more stock is reserved and a raised budget is set aside at once. Locks versions, then campaign.
    Raises `Unchangeable`, and `PostingRefused` if the money is short.
    """
    document = read_document(version.document, file=f"{version.code} v{version.number}")
    await lock_versions(connection, version.code)
    fresh = await version_of(connection, version.code, version.number)
    if fresh is None or fresh.state is VersionState.APPLIED:
        return document
    before = await stored_campaign(connection, version.code, lock=True)
    if before is not None:
        _require_changeable(before, document, now=now)
    await write_campaign(connection, document, new=before is None, now=now)
    drafts = await write_drafts(connection, document, before=before)
    if before is not None and before.state is not CampaignState.DRAFT:
        await _grow(connection, version, before, document, cells=cells, now=now)
        if drafts:
            await publish_rounds(connection, document.campaign.campaign_id, drafts, cells=cells, now=now)
    await mark_applied(connection, version, now=now)
    facts: dict[str, Fact] = {"version": version.number, "hash": version.document_hash.hex()}
    subject = f"campaign:{document.campaign.campaign_id}"
    await append(connection, AuditEntry(actor=by, action="campaign.applied", subject=subject, after=facts), now=now)
    return document


async def apply_due(database: Database, *, cells: int, now: datetime) -> list[str]:
    """Bring into force what was approved for a time that has come; what cannot be is returned with the reason."""
    applied = []
    async with database.transaction() as connection:
        due = await due_versions(connection, now=now)
    for code, number in due:
        try:
            async with database.transaction() as connection:
                version = await version_of(connection, code, number)
                if version is not None and version.state is VersionState.APPROVED:
                    await apply_version(connection, version, by=APPLIER, cells=cells, now=now)
                    applied.append(code)
        except (Unchangeable, ledger.PostingRefused) as refusal:
            await _return_due(database, code, number, reason=str(refusal), now=now)
    return applied


async def _return_due(database: Database, code: str, number: int, *, reason: str, now: datetime) -> None:
    async with database.transaction() as connection:
        await lock_versions(connection, code)
        version = await version_of(connection, code, number)
        if version is None or version.state is not VersionState.APPROVED:
            return
        by = version.decided_by or APPLIER
        await mark_decided(connection, version, VersionState.RETURNED, by=by, reason=reason[:200], now=now)
        facts: dict[str, Fact] = {"version": number, "reason": reason[:200]}
        entry = AuditEntry(actor=APPLIER, action="version.returned", subject=f"version:{code}", after=facts)
        await append(connection, entry, now=now)


def _require_changeable(before: StoredCampaign, after: CampaignDocument, *, now: datetime) -> None:
    differences = judge(before.document, after, public=before.public, now=now)
    if before.state is CampaignState.ENDED and differences:
        raise Unchangeable("the campaign has ended", differences=[])
    bad = [d for d in differences if d.reason]
    if bad:
        said = "; ".join(f"{d.say(english=True)}: {d.why_not(english=True)}" for d in bad[:3])
        raise Unchangeable(said, differences=bad)


async def _grow(
    connection: Connection,
    version: Version,
    before: StoredCampaign,
    document: CampaignDocument,
    *,
    cells: int,
    now: datetime,
) -> None:
    """A published campaign's budget and stock rise, each by the ledger first; other funders' parts are there."""
    campaign = document.campaign
    more_fen = document.lead_fen - before.document.lead_fen
    if more_fen > 0:
        transfers = ledger.recipes.fund_campaign(
            event=named_id("raise-budget", campaign.code, version.number),
            funder_id=campaign.funder_id,
            campaign_id=campaign.campaign_id,
            cash_fen=more_fen,
        )
        await ledger.post(connection, transfers, cell=HOME_CELL, now=now)
    raised = _raised(before.document, document, before.public)
    if raised:
        event = named_id("raise-stock", campaign.code, version.number)
        await reserve_stock(connection, campaign.campaign_id, raised, event=event, now=now)
    await update_public(connection, document, before.public)
    await add_stock(connection, [(type_.type_id, count) for type_, count in raised], cells=cells)


def _raised(
    before: CampaignDocument, after: CampaignDocument, public: frozenset[UUID]
) -> list[tuple[VoucherType, int]]:
    """By how many vouchers each public type grows, by id."""
    olds = {t.type_id: t.stock for t in before.types if t.round_id in public}
    types = sorted(after.types, key=lambda t: t.type_id)
    return [(t, t.stock - olds[t.type_id]) for t in types if t.stock > olds.get(t.type_id, t.stock)]
