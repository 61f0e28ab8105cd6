"""A shop asks for a service of the catalogue; staff offer it or say no; the shop takes the offer or not."""

from datetime import datetime
from uuid import UUID

from yongquan.flows.space_parties import SPACE_ROLES, NotInSpace, checked, reader_of
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.publications.model import Kind
from yongquan.merchants.publications.store import readable
from yongquan.merchants.services.model import (
    ANSWER_MAX,
    BY_SHOP,
    BY_STAFF,
    NOTE_MAX,
    REQUEST_MOVES,
    RequestState,
    ServiceRequest,
)
from yongquan.merchants.services.store import add_request, move_request, request_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff
from yongquan.vouchers.model import require_move


class RequestOpen(Refusal):
    """The shop has an open request for this service."""

    code = "request_open"


async def request_service(
    database: Database, store_id: UUID, publication_id: UUID, *, note: str, key: str, now: datetime
) -> UUID:
    """Ask for a published service; the same key again is the same request. Raises `NotInSpace`, `RequestOpen`."""
    note = checked("note", note, longest=NOTE_MAX, least=0)
    request_id = named_id("service-request", store_id, key)
    async with database.transaction() as connection:
        reader = await reader_of(connection, store_id, now=now)
        if not await readable(connection, Kind.SERVICE, reader, only=publication_id):
            raise NotInSpace
        is_new = await add_request(
            connection, request_id, publication_id=publication_id, store_id=store_id, note=note, now=now
        )
        if not is_new and await request_of(connection, request_id) is None:
            raise RequestOpen
    return request_id


async def settle_request(
    database: Database, store_id: UUID, request_id: UUID, to: RequestState, *, now: datetime
) -> None:
    """The shop accepts or declines an offer, or withdraws what was not answered.

    Raises `NotInSpace`, `ForbiddenMove`.
    """
    async with database.transaction() as connection:
        found = await _found(connection, request_id)
        if found.store_id != store_id or to not in BY_SHOP:
            raise NotInSpace
        if found.state is to:
            return
        require_move(REQUEST_MOVES, found.state, to)
        await move_request(connection, request_id, to, by=None, answer="", now=now)
        await append(connection, _entry(f"store:{store_id}", found, to), now=now)


async def answer_request(
    database: Database, staff: Staff, request_id: UUID, to: RequestState, *, answer: str, now: datetime
) -> None:
    """Offer the service or refuse it, with words. Raises `BadField`, `NotInSpace`, `Forbidden`, `ForbiddenMove`."""
    answer = checked("answer", answer, longest=ANSWER_MAX)
    async with database.transaction() as connection:
        found = await _found(connection, request_id)
        staff.require(*SPACE_ROLES, adcode=found.adcode)
        if to not in BY_STAFF:
            raise NotInSpace
        require_move(REQUEST_MOVES, found.state, to)
        await move_request(connection, request_id, to, by=staff.actor, answer=answer, now=now)
        await append(connection, _entry(staff.actor, found, to), now=now)


async def _found(connection: Connection, request_id: UUID) -> ServiceRequest:
    found = await request_of(connection, request_id, lock=True)
    if found is None:
        raise NotInSpace
    return found


def _entry(actor: str, found: ServiceRequest, to: RequestState) -> AuditEntry:
    return AuditEntry(
        actor=actor,
        action=f"service_request.{to.value}",
        subject=f"store:{found.store_id}",
        before={"state": found.state.value},
        after={"state": to.value, "request": str(found.request_id)},
    )
