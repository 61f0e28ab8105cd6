"""A campaign's versions: the life of one, who may move it on, and how they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Connection


class VersionState(StrEnum):
    """Where a version stands between its maker and the public."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    APPLIED = "applied"


VERSION_MOVES: Mapping[VersionState, frozenset[VersionState]] = {
    VersionState.DRAFT: frozenset({VersionState.SUBMITTED}),
    VersionState.SUBMITTED: frozenset({VersionState.APPROVED, VersionState.RETURNED}),
    VersionState.APPROVED: frozenset({VersionState.APPLIED, VersionState.RETURNED}),
    VersionState.RETURNED: frozenset(),
    VersionState.APPLIED: frozenset(),
}
OPEN = (VersionState.DRAFT, VersionState.SUBMITTED, VersionState.APPROVED)


class VersionOpen(Refusal):
    """Another version of the campaign is still on its way: have it applied or returned first."""

    code = "version_open"


class SamePerson(Refusal):
    """Whoever wrote a version may not approve it."""

    code = "own_version"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a campaign's document. `author` and `decided_by` are actors of the audit log."""

    code: str
    number: int
    document: str
    document_hash: bytes
    name: str
    name_en: str
    adcode: str | None
    state: VersionState
    author: str
    written_at: datetime
    note: str
    submitted_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    apply_at: datetime | None
    applied_at: datetime | None


_COLUMNS = """
code, number, document, document_hash, name, name_en, adcode, state, author, written_at, note, submitted_at,
decided_by, decided_at, reason, apply_at, applied_at
"""
# One at a time on a campaign's versions, also before there is any.
_LOCK = "select pg_advisory_xact_lock(20012, hashtext(%s))"
_OF = f"select {_COLUMNS} from vouchers.campaign_version where code = %s order by number desc"
_ONE = f"select {_COLUMNS} from vouchers.campaign_version where code = %s and number = %s"
_LATEST = f"""
select distinct on (code) {_COLUMNS} from vouchers.campaign_version
 where %(places)s::text[] is null or adcode = any (%(places)s)
 order by code, number desc
"""
_INSERT = f"""
insert into vouchers.campaign_version ({_COLUMNS})
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_REWRITE = """
update vouchers.campaign_version
   set document = %s, document_hash = %s, name = %s, name_en = %s, adcode = %s, author = %s, written_at = %s, note = %s
 where code = %s and number = %s and state = 'draft'
"""
_SUBMIT = """
update vouchers.campaign_version set state = 'submitted', submitted_at = %s, apply_at = %s
 where code = %s and number = %s and state = 'draft'
"""
_DECIDE = """
update vouchers.campaign_version set state = %s, decided_by = %s, decided_at = %s, reason = %s
 where code = %s and number = %s
"""
_APPLIED = """
update vouchers.campaign_version set state = 'applied', applied_at = %s
 where code = %s and number = %s and state = 'approved'
"""
_DUE = """
select code, number from vouchers.campaign_version
 where state = 'approved' and apply_at <= %s order by apply_at, code for update skip locked
"""


async def lock_versions(connection: Connection, code: str) -> None:
    """Keep others from this campaign's versions until the commit; taken before any other lock."""
    await connection.execute(_LOCK, [code])


async def versions_of(connection: Connection, code: str) -> list[Version]:
    """All versions of a campaign, the latest first."""
    return [_version(row) for row in await (await connection.execute(_OF, [code])).fetchall()]


async def version_of(connection: Connection, code: str, number: int) -> Version | None:
    """One version."""
    row = await (await connection.execute(_ONE, [code, number])).fetchone()
    return _version(row) if row else None


async def latest_versions(connection: Connection, *, places: Sequence[str] | None) -> list[Version]:
    """The latest version of every campaign of some divisions; None is the whole city and its own."""
    values = {"places": None if places is None else list(places)}
    return [_version(row) for row in await (await connection.execute(_LATEST, values)).fetchall()]


async def insert_version(connection: Connection, version: Version) -> None:
    """Write a new version down."""
    v = version
    row = (
        *(v.code, v.number, v.document, v.document_hash, v.name, v.name_en, v.adcode, v.state, v.author, v.written_at),
        *(v.note, v.submitted_at, v.decided_by, v.decided_at, v.reason, v.apply_at, v.applied_at),
    )
    await connection.execute(_INSERT, row)


async def rewrite_draft(connection: Connection, version: Version) -> None:
    """Put another text in the place of a draft's."""
    v = version
    row = (v.document, v.document_hash, v.name, v.name_en, v.adcode, v.author, v.written_at, v.note, v.code, v.number)
    await connection.execute(_REWRITE, row)


async def mark_submitted(connection: Connection, version: Version, *, apply_at: datetime | None, now: datetime) -> None:
    """A draft goes to the checker; `apply_at` None is as soon as it is approved."""
    await connection.execute(_SUBMIT, [now, apply_at, version.code, version.number])


async def mark_decided(
    connection: Connection, version: Version, to: VersionState, *, by: str, reason: str, now: datetime
) -> None:
    """The checker's word on a version."""
    await connection.execute(_DECIDE, [to, by, now, reason, version.code, version.number])


async def mark_applied(connection: Connection, version: Version, *, now: datetime) -> None:
    """An approved version is in force."""
    await connection.execute(_APPLIED, [now, version.code, version.number])


async def due_versions(connection: Connection, *, now: datetime) -> list[tuple[str, int]]:
    """Approved versions whose time has come, locked."""
    return [(row[0], row[1]) for row in await (await connection.execute(_DUE, [now])).fetchall()]


def _version(row: tuple[object, ...]) -> Version:
    values = list(row)
    values[7] = VersionState(str(values[7]))
    return Version(*values)  # type: ignore[arg-type]
