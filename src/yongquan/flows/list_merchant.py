"""The yellow list by licence: proposed by one person, decided by another, taken off with a reason."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.identity import listing as entries
from yongquan.merchants.identity.model import (
    LISTING_MOVES,
    LISTING_REASONS,
    Level,
    Listing,
    ListingState,
    read_code,
)
from yongquan.merchants.identity.store import licence_of, lock_identities
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff

LIST_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
TEXT_MAX = 500


class UnknownListing(Refusal):
    """There is no such entry."""

    code = "not_found"


class ListedAlready(Refusal):
    """The licence is listed, or proposed, already."""

    code = "listed_already"


class OwnListing(Refusal):
    """Whoever proposed an entry does not decide on it."""

    code = "own_version"


class ForbiddenListingMove(Refusal):
    """An entry in this state does not become that."""

    code = "forbidden_move"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingOrder:
    """Whom to list and why: `facts_on` is the day of what happened, which tells which owner is meant."""

    licence_no: str
    name: str
    level: Level
    reason: str
    basis: str
    provenance: str
    facts_on: date
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.reason not in LISTING_REASONS:
            raise BadInput(f"reason: one of {', '.join(LISTING_REASONS)}")
        for name, text in (("name", self.name), ("basis", self.basis), ("provenance", self.provenance)):
            if not 1 <= len(text) <= TEXT_MAX:
                raise BadInput(f"{name}: write 1 to {TEXT_MAX} characters")


async def propose_listing(database: Database, actor: str, order: ListingOrder, *, key: str, now: datetime) -> UUID:
    """Propose an entry, once for its key; `actor` is staff or a rule. Raises `ListedAlready`, `NotACode`."""
    if order.facts_on > business_day(now) or (order.ends_at is not None and order.ends_at <= now):
        raise BadInput("facts_on lies in the future, or the end has passed")
    listing_id = named_id("listing", actor, key)
    async with database.transaction() as connection:
        if await entries.listing_of(connection, listing_id) is not None:
            return listing_id
        known = await licence_of(connection, read_code(order.licence_no))
        new = Listing(
            listing_id,
            read_code(order.licence_no),
            known.name if known else order.name,
            order.level,
            order.reason,
            order.basis,
            order.provenance,
            order.facts_on,
            now,
            order.ends_at,
            ListingState.PROPOSED,
            actor,
            now,
        )
        if not await entries.propose(connection, new):
            raise ListedAlready
        await _note(connection, actor, "proposed", new, order.basis, now=now)
    return listing_id


async def decide_listing(database: Database, staff: Staff, listing_id: UUID, *, approve: bool, now: datetime) -> None:
    """Put a proposed entry in force, or refuse it. Raises `UnknownListing`, `OwnListing`, `Forbidden`."""
    to = ListingState.LISTED if approve else ListingState.REFUSED
    async with database.transaction() as connection:
        await lock_identities(connection)
        found = await _locked(connection, listing_id)
        staff.require(*LIST_ROLES)
        if found.proposed_by == staff.actor:
            raise OwnListing
        if found.state is to and found.decided_by == staff.actor:
            return
        _require_move(found.state, to)
        await entries.decide(connection, listing_id, to, by=staff.actor, now=now)
        await _note(connection, staff.actor, to.value, found, "", now=now)


async def end_listing(database: Database, staff: Staff, listing_id: UUID, *, reason: str, now: datetime) -> None:
    """Take a licence off the list. Raises `UnknownListing`, `Forbidden`, `ForbiddenListingMove`, `BadInput`."""
    staff.require(*LIST_ROLES)
    if not 1 <= len(reason) <= TEXT_MAX:
        raise BadInput(f"reason: write 1 to {TEXT_MAX} characters")
    async with database.transaction() as connection:
        found = await _locked(connection, listing_id)
        if found.state is ListingState.ENDED:
            return
        _require_move(found.state, ListingState.ENDED)
        await entries.end(connection, listing_id, by=staff.actor, reason=reason, now=now)
        await _note(connection, staff.actor, "ended", found, reason, now=now)


def _require_move(state: ListingState, to: ListingState) -> None:
    if to not in LISTING_MOVES[state]:
        raise ForbiddenListingMove(f"an entry that is {state.value} does not become {to.value}")


async def _locked(connection: Connection, listing_id: UUID) -> Listing:
    found = await entries.listing_of(connection, listing_id, lock=True)
    if found is None:
        raise UnknownListing
    return found


async def _note(connection: Connection, actor: str, what: str, entry: Listing, text: str, *, now: datetime) -> None:
    facts = {"licence": entry.licence_no, "level": entry.level.value, "text": text}
    subject = f"merchant_listing:{entry.listing_id}"
    entry_ = AuditEntry(actor=actor, action=f"merchant_listing.{what}", subject=subject, after={**facts})
    await append(connection, entry_, now=now)
