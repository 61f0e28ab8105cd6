"""The register is asked again about licences that are here: who was cancelled, who has a new owner.

A cancelled or revoked licence takes no public money from that moment on. A change of owner opens a review.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from yongquan.flows.list_merchant import LIST_ROLES, TEXT_MAX, UnknownListing
from yongquan.flows.onboard_merchant import record_from
from yongquan.institutions.links import Links
from yongquan.kernel.errors import BadInput, Outage, Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.identity import owner_reviews
from yongquan.merchants.identity.listing import listings_in_force, spare, widen
from yongquan.merchants.identity.model import MarkKind, Record
from yongquan.merchants.identity.owner_reviews import ReviewState
from yongquan.merchants.identity.store import (
    end_marks,
    licence_of,
    licences_to_ask,
    lock_identities,
    owners_of,
    save_answer,
)
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Staff

AT_ONCE = 50
AGAIN = timedelta(minutes=10)
REGISTER_RULE = "system:register"

log = structlog.get_logger(__name__)


class ReviewDecided(Refusal):
    """Somebody decided on this change of owner already."""

    code = "forbidden_move"


@dataclass(frozen=True, slots=True)
class LicenceWatch:
    """Asks the register about known licences in turn."""

    database: Database
    clock: Clock
    links: Links
    sealing: Sealing

    async def sweep(self) -> int:
        """Ask about the licences whose turn it is; how many were answered for. Unanswered ones come again soon."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            due = await licences_to_ask(connection, now=now, limit=AT_ONCE, next_at=now + AGAIN)
        if not due:
            return 0
        answered = 0
        try:
            async with self.links.business_register() as office:
                for licence_no in due:
                    told = await office.licence(licence_no)
                    if told is not None:
                        await self.take(record_from(told))
                    answered += told is not None
        except Outage as outage:
            log.warning("licences_not_watched", why=str(outage))
        return answered

    async def take(self, record: Record) -> None:
        """Keep what the register told of a known licence; a new owner opens a review. A repeat changes nothing."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            before = await licence_of(connection, record.licence_no)
            if before is None:
                return
            owners = await owners_of(connection, record.licence_no, self.sealing)
            await save_answer(connection, record, sealing=self.sealing, now=now)
            last = owners[-1] if owners else None
            if last is not None and last.since < record.owner_since and last.name != record.person:
                await self._open_review(connection, record, was=last.name, now=now)
            if before.status is not record.status:
                await _note(
                    connection,
                    REGISTER_RULE,
                    "status",
                    record.licence_no,
                    {"was": before.status.value, "became": record.status.value},
                    now=now,
                )

    async def decide(self, staff: Staff, review_id: UUID, *, to: ReviewState, reason: str, now: datetime) -> None:
        """Clear a new owner, or keep treating the licence as before. Raises `UnknownListing`, `ReviewDecided`."""
        staff.require(*LIST_ROLES)
        if to is ReviewState.OPEN or not 1 <= len(reason) <= TEXT_MAX:
            raise BadInput(f"to: cleared or kept; reason: 1 to {TEXT_MAX} characters")
        async with self.database.transaction() as connection:
            await lock_identities(connection)
            found = await owner_reviews.review_of(connection, review_id, self.sealing, lock=True)
            if found is None:
                raise UnknownListing
            if found.state is to:
                return
            if found.state is not ReviewState.OPEN:
                raise ReviewDecided
            await owner_reviews.decide_review(connection, review_id, to, by=staff.actor, reason=reason, now=now)
            if to is ReviewState.CLEARED:
                await spare(connection, found.licence_no, by=staff.actor, now=now)
            else:
                await widen(connection, found.licence_no, facts_on=found.changed_on)
            await _note(connection, staff.actor, f"owner_{to.value}", found.licence_no, {"reason": reason}, now=now)

    async def _open_review(self, connection: Connection, record: Record, *, was: str, now: datetime) -> None:
        licence_no = record.licence_no
        listed = await listings_in_force(connection, [licence_no], now=now)
        await end_marks(connection, licence_no, MarkKind.PERSON, until=record.owner_since)
        is_new = await owner_reviews.open_review(
            connection,
            named_id("owner review", licence_no, record.owner_since),
            licence_no,
            was=was,
            became=record.person,
            changed_on=record.owner_since,
            is_listed=licence_no in listed,
            sealing=self.sealing,
            now=now,
        )
        if is_new:
            facts = {"on": record.owner_since.isoformat()}
            await _note(connection, REGISTER_RULE, "owner_changed", licence_no, facts, now=now)


async def _note(
    connection: Connection, actor: str, what: str, licence_no: str, facts: dict[str, str], *, now: datetime
) -> None:
    entry = AuditEntry(
        actor=actor, action=f"merchant_licence.{what}", subject=f"merchant_licence:{licence_no}", after={**facts}
    )
    await append(connection, entry, now=now)
