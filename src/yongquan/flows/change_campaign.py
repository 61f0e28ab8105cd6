"""A campaign is written, submitted and decided on: the maker writes, another person approves, all is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from yongquan.flows.apply_campaign import apply_version
from yongquan.institutions.views import funder_ids, institution_kinds
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.reasons import require_reason
from yongquan.merchants.groups import shop_groups
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff
from yongquan.vouchers.areas import areas_of
from yongquan.vouchers.documents import BadDocument, CampaignDocument, document_hash, read_document
from yongquan.vouchers.documents_diff import REASONS, Unchangeable, judge
from yongquan.vouchers.documents_known import Known, check_known
from yongquan.vouchers.documents_rules import check_places
from yongquan.vouchers.documents_store import stored_campaign
from yongquan.vouchers.documents_versions import (
    OPEN,
    VERSION_MOVES,
    SamePerson,
    Version,
    VersionOpen,
    VersionState,
    insert_version,
    lock_versions,
    mark_decided,
    mark_submitted,
    rewrite_draft,
    version_of,
    versions_of,
)
from yongquan.vouchers.documents_yaml import read_yaml
from yongquan.vouchers.model import require_move

MAKER_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
CHECKER_ROLES = (Role.BUREAU_OFFICER, Role.ADMIN)
REASON_MAX = 200


class NoSuchVersion(Refusal):
    """There is no such version of this campaign."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who writes: a member of staff, or the command line of the machine, whose operator may do all."""

    actor: str
    staff: Staff | None = None

    @classmethod
    def of(cls, staff: Staff) -> "Maker":
        return cls(staff.actor, staff)

    def require(self, *, adcode: str | None) -> None:
        """Pass if this maker may write campaigns of the place. Raises `Forbidden`."""
        if self.staff is not None:
            self.staff.require(*MAKER_ROLES, adcode=adcode)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a document may name besides itself: divisions and industries of this city."""

    places: frozenset[str]
    industries: Mapping[str, object] = field(default_factory=dict)


async def check_text(
    connection: Connection, text: str, around: Surroundings, *, file: str = "document"
) -> CampaignDocument:
    """The document's campaign; all that it names is there. Raises `BadDocument`."""
    document = read_document(text, file=file)
    funders = await funder_ids(connection)
    marked = read_yaml(text)
    faults = check_places(marked, funders=funders, places=around.places, industries=around.industries)
    faults = sorted([*faults, *check_known(marked, await _known(connection))], key=lambda f: (f.line, f.column))
    if faults:
        raise BadDocument(faults, file=file)
    return document


async def _known(connection: Connection) -> Known:
    institutions = await institution_kinds(connection)
    return Known(
        areas=[area.code for area in await areas_of(connection)],
        shop_groups=list(await shop_groups(connection)),
        issuers=[code for code, kind in institutions.items() if kind != "acquirer"],
        platforms=list(institutions),
    )


async def write_version(
    connection: Connection,
    maker: Maker,
    text: str,
    around: Surroundings,
    *,
    note: str = "",
    file: str = "document",
    now: datetime,
) -> Version:
    """Keep a text as the campaign's draft, in the place of an earlier draft; the same text again changes nothing.

    Locks the campaign's versions. Raises `BadDocument`, `Forbidden`, `Unchangeable`, `VersionOpen`.
    """
    document = await check_text(connection, text, around, file=file)
    campaign = document.campaign
    maker.require(adcode=campaign.adcode)
    await lock_versions(connection, campaign.code)
    earlier = await versions_of(connection, campaign.code)
    latest = earlier[0] if earlier else None
    if latest is not None:
        maker.require(adcode=latest.adcode)
        if latest.document_hash == document_hash(text) and latest.state is not VersionState.RETURNED:
            return latest
    await _require_possible(connection, document, maker, now=now)
    if latest is not None and latest.state in OPEN and latest.state is not VersionState.DRAFT:
        raise VersionOpen(f"version {latest.number} is {latest.state}", number=latest.number)
    version = _version(document, text, maker, number=latest.number + 1 if latest else 1, note=note, now=now)
    if latest is not None and latest.state is VersionState.DRAFT:
        version = replace(version, number=latest.number)
        await rewrite_draft(connection, version)
    else:
        await insert_version(connection, version)
    await append(connection, _entry(maker.actor, "version.written", version), now=now)
    return version


async def submit_version(
    connection: Connection, maker: Maker, code: str, number: int, *, apply_at: datetime | None = None, now: datetime
) -> Version:
    """The draft goes to a checker; it comes into force when approved, or at `apply_at`. Raises `ForbiddenMove`."""
    version = await _locked(connection, code, number)
    maker.require(adcode=version.adcode)
    if version.state is VersionState.SUBMITTED:
        return version
    require_move(VERSION_MOVES, version.state, VersionState.SUBMITTED)
    await mark_submitted(connection, version, apply_at=apply_at, now=now)
    await append(connection, _entry(maker.actor, "version.submitted", version), now=now)
    return replace(version, state=VersionState.SUBMITTED, submitted_at=now, apply_at=apply_at)


async def approve_version(
    connection: Connection, checker: Staff, code: str, number: int, *, cells: int, now: datetime
) -> Version:
    """Another person than the author approves, and the version comes into force unless it waits for its time.

    Raises `SamePerson`, `Forbidden`, `ForbiddenMove`, and what `apply_version` raises; then nothing is kept.
    """
    version = await _locked(connection, code, number)
    checker.require(*CHECKER_ROLES, adcode=version.adcode)
    if version.author == checker.actor:
        raise SamePerson
    require_move(VERSION_MOVES, version.state, VersionState.APPROVED)
    await mark_decided(connection, version, VersionState.APPROVED, by=checker.actor, reason="", now=now)
    await append(connection, _entry(checker.actor, "version.approved", version), now=now)
    approved = replace(version, state=VersionState.APPROVED, decided_by=checker.actor, decided_at=now)
    if version.apply_at is None or version.apply_at <= now:
        await apply_version(connection, approved, by=checker.actor, cells=cells, now=now)
        return replace(approved, state=VersionState.APPLIED, applied_at=now)
    return approved


async def return_version(
    database: Database, checker: Staff, code: str, number: int, *, reason: str, now: datetime
) -> Version:
    """Back to the maker with a reason; whoever may write or check it may, the author too. Raises `ForbiddenMove`."""
    require_reason(reason, most=REASON_MAX)
    async with database.transaction() as connection:
        version = await _locked(connection, code, number)
        checker.require(*MAKER_ROLES, adcode=version.adcode)
        require_move(VERSION_MOVES, version.state, VersionState.RETURNED)
        await mark_decided(connection, version, VersionState.RETURNED, by=checker.actor, reason=reason, now=now)
        await append(connection, _entry(checker.actor, "version.returned", version, reason=reason), now=now)
    return replace(version, state=VersionState.RETURNED, decided_by=checker.actor, reason=reason)


async def _locked(connection: Connection, code: str, number: int) -> Version:
    await lock_versions(connection, code)
    version = await version_of(connection, code, number)
    if version is None:
        raise NoSuchVersion
    return version


async def _require_possible(connection: Connection, document: CampaignDocument, maker: Maker, *, now: datetime) -> None:
    """Say at once what could never be applied, and keep a stranger's campaign from being written over."""
    before = await stored_campaign(connection, document.campaign.code)
    if before is None:
        return
    maker.require(adcode=before.document.campaign.adcode)
    if before.document.campaign.campaign_id != document.campaign.campaign_id:
        raise BadInput(
            f"id: the campaign {document.campaign.code} has the id {before.document.campaign.campaign_id}: write it"
        )
    bad = [d for d in judge(before.document, document, public=before.public, now=now) if d.reason]
    if bad:
        said = "; ".join(f"{d.say(english=True)}: {REASONS[d.reason or ''][1]}" for d in bad[:3])
        raise Unchangeable(said, differences=bad)


def _version(document: CampaignDocument, text: str, maker: Maker, *, number: int, note: str, now: datetime) -> Version:
    c = document.campaign
    return Version(
        *(c.code, number, text, document_hash(text), c.name, c.name_en, c.adcode, VersionState.DRAFT, maker.actor, now),
        note=note[:REASON_MAX],
        submitted_at=None,
        decided_by=None,
        decided_at=None,
        reason="",
        apply_at=None,
        applied_at=None,
    )


def _entry(actor: str, action: str, version: Version, *, reason: str = "") -> AuditEntry:
    facts: dict[str, Fact] = {"version": version.number, "hash": version.document_hash.hex()}
    after = facts | ({"reason": reason} if reason else {})
    return AuditEntry(actor=actor, action=action, subject=f"version:{version.code}", after=after)
