"""The joint announcement: written by one person, published by another, shown to all, accepted by shops that join."""

from dataclasses import dataclass
from datetime import datetime

from yongquan.flows.work_fraud_case import FRAUD_ROLES, UnknownCase
from yongquan.kernel.errors import Refusal
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.risk.announcements.store import (
    Wording,
    accept,
    announcement_of,
    in_force,
    publish_draft,
    write_draft,
)
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove

TITLE_MAX, BODY_MAX, ISSUERS_MAX = 80, 8_000, 300


class WordingIncomplete(Refusal):
    """An announcement lacks its title, its text or who issues it."""

    code = "application_incomplete"

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


class OwnDraft(Refusal):
    """Whoever wrote a version does not publish it."""

    code = "own_version"


class AnnouncementChanged(Refusal):
    """Another version of the joint announcement stands by now: read it, then go on."""

    code = "announcement_changed"


@dataclass(frozen=True, slots=True)
class AnnouncementDesk:
    """Where the announcement is kept; it is the whole city's."""

    database: Database

    async def write(self, staff: Staff, wording: Wording, *, now: datetime) -> int:
        """Write the next version's draft; its number. Raises `Forbidden`, `WordingIncomplete`."""
        staff.require(*FRAUD_ROLES)
        faults = {
            name: "missing" if not text else "too_long"
            for name, text, most in (
                ("title", wording.title, TITLE_MAX),
                ("body", wording.body, BODY_MAX),
                ("issuers", wording.issuers, ISSUERS_MAX),
            )
            if not 1 <= len(text) <= most
        }
        if faults:
            raise WordingIncomplete(faults)
        async with self.database.transaction() as connection:
            version = await write_draft(connection, wording, by=staff.actor, now=now)
            await _note(connection, staff, version, "written", wording.sha256, now=now)
        return version

    async def publish(self, staff: Staff, version: int, *, now: datetime) -> None:
        """Publish a draft that somebody else wrote; from now on it stands. Raises `Forbidden`, `OwnDraft`."""
        staff.require(*FRAUD_ROLES)
        async with self.database.transaction() as connection:
            draft = await announcement_of(connection, version)
            if draft is None:
                raise UnknownCase
            if draft.written_by == staff.actor:
                raise OwnDraft
            if not await publish_draft(connection, version, by=staff.actor, now=now):
                raise ForbiddenMove("this version is published already")
            await _note(connection, staff, version, "published", draft.sha256, now=now)


async def accept_announcement(
    connection: Connection, subject: str, version: int | None, *, by: str, now: datetime
) -> None:
    """Whoever joins accepts the version that they were shown. Raises `AnnouncementChanged` if another stands.

    Where no announcement was published there is nothing to accept. `version` None is a caller that shows none.
    """
    standing = await in_force(connection)
    if standing is None or version is None:
        return
    if version != standing.version:
        raise AnnouncementChanged
    await accept(connection, version, subject, by=by, now=now)


async def _note(connection: Connection, staff: Staff, version: int, what: str, sha256: bytes, *, now: datetime) -> None:
    entry = AuditEntry(
        actor=staff.actor,
        action=f"announcement.{what}",
        subject=f"announcement:{version}",
        after={"sha256": sha256.hex()},
    )
    await append(connection, entry, now=now)
