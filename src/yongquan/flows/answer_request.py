"""Requests of the police and other authorities for data: taken in, approved by a second person, exported, logged.

What leaves is bounded by the request: payments of the named shops and citizens on the named days, with the people in
them. Every export is made anew, hashed, and stands in the request's log and in the audit log.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.case_facts import PAYMENT_HEAD, PEOPLE_HEAD, payments_in_scope, people, pseudonym, shops_by_id
from yongquan.flows.work_fraud_case import FRAUD_ROLES, NoteMissing, UnknownCase
from yongquan.flows.zip_files import as_csv, zip_files
from yongquan.kernel.errors import Refusal
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.cases.store import case_of
from yongquan.risk.requests.store import (
    DataRequest,
    NewRequest,
    add_request,
    decide_request,
    note_export,
    request_of,
)
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove

REASON_MAX = 500


class BadRequest(Refusal):
    """A request lacks what it must have; `faults` names the fields."""

    code = "application_incomplete"

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


class OwnRequest(Refusal):
    """Whoever took a request in does not approve it."""

    code = "own_version"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that leaves the house."""

    name: str
    content: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class RequestDesk:
    """Where requests are answered, for the whole city."""

    database: Database
    sealing: Sealing
    cells: int

    async def take_in(self, staff: Staff, wanted: NewRequest, *, now: datetime) -> UUID:
        """Write a request down. Raises `Forbidden`, `BadRequest`, `UnknownCase`."""
        staff.require(*FRAUD_ROLES)
        faults = wanted.faults()
        request_id = fresh_id()
        async with self.database.transaction() as connection:
            known = {shop.store_id for shop in await shops_by_id(connection, wanted.stores)}
            if known != set(wanted.stores):
                faults |= {"parties": "unknown"}
            if faults:
                raise BadRequest(faults)
            if wanted.case_id is not None and await case_of(connection, wanted.case_id) is None:
                raise UnknownCase
            if not await add_request(connection, request_id, wanted, by=staff.actor, sealing=self.sealing, now=now):
                raise BadRequest({"number": "taken"})
            await _note(connection, staff, request_id, "taken_in", {"number": wanted.number}, now=now)
        return request_id

    async def decide(self, staff: Staff, request_id: UUID, *, approve: bool, reason: str, now: datetime) -> None:
        """Approve or refuse a request, with a reason. Raises `Forbidden`, `OwnRequest`, `ForbiddenMove`."""
        staff.require(*FRAUD_ROLES)
        if not 1 <= len(reason) <= REASON_MAX:
            raise NoteMissing
        async with self.database.transaction() as connection:
            found = await self._found(connection, request_id, lock=True)
            if found.state != "taken_in":
                raise ForbiddenMove(f"a request that is {found.state} is not decided again")
            if found.taken_by == staff.actor:
                raise OwnRequest
            await decide_request(connection, request_id, approve=approve, reason=reason, by=staff.actor, now=now)
            what = "approved" if approve else "refused"
            await _note(connection, staff, request_id, what, {"reason": reason}, now=now)

    async def export(self, staff: Staff, request_id: UUID, *, now: datetime) -> Exported:
        """Make the answer to an approved request: a zip with hashes. Raises `Forbidden`, `ForbiddenMove`."""
        staff.require(*FRAUD_ROLES)
        async with self.database.transaction() as connection:
            found = await self._found(connection, request_id, lock=True)
            if found.state != "approved":
                raise ForbiddenMove("only an approved request is answered")
            files, payments = await self._files(connection, found)
            facts = _facts_of(found) | {"made_at": now.astimezone(SHANGHAI).isoformat(), "made_by": staff.actor}
            content = zip_files(files, facts)
            digest = hashlib.sha256(content).digest()
            await note_export(
                connection, fresh_id(), request_id, sha256=digest, payments=payments, by=staff.actor, now=now
            )
            told: dict[str, str | int] = {"sha256": digest.hex(), "payments": payments}
            await _note(connection, staff, request_id, "exported", told, now=now)
        return Exported(f"request-{found.request_id.hex[:8]}.zip", content, digest)

    async def _files(self, connection: Connection, found: DataRequest) -> tuple[dict[str, bytes], int]:
        paid = await payments_in_scope(
            connection,
            stores=found.stores,
            citizens=found.citizens,
            from_day=found.from_day,
            until_day=found.until_day,
            cells=self.cells,
        )
        scope = found.request_id
        whom = {one.citizen_id for one in paid} | set(found.citizens)
        persons = await people(connection, scope, whom, whom, sealing=self.sealing, cells=self.cells)
        shops = await shops_by_id(connection, {one.store_id for one in paid} | set(found.stores))
        rows = [one.row(pseudonym(scope, one.citizen_id)) for one in paid]
        named = [[str(one.store_id), one.name, one.licence_no, one.address, one.adcode] for one in shops]
        return {
            "payments.csv": as_csv(PAYMENT_HEAD, rows),
            "people.csv": as_csv(PEOPLE_HEAD, persons),
            "shops.csv": as_csv(("store_id", "name", "licence_no", "address", "adcode"), named),
        }, len(paid)

    async def _found(self, connection: Connection, request_id: UUID, *, lock: bool) -> DataRequest:
        found = await request_of(connection, request_id, self.sealing, lock=lock)
        if found is None:
            raise UnknownCase
        return found


def _facts_of(found: DataRequest) -> dict[str, object]:
    return {
        "request": found.number,
        "authority": found.authority,
        "legal_basis": found.legal_basis,
        "parties": list(found.parties),
        "from_day": found.from_day.isoformat(),
        "until_day": found.until_day.isoformat(),
    }


async def _note(
    connection: Connection, staff: Staff, request_id: UUID, what: str, facts: dict[str, str | int], *, now: datetime
) -> None:
    entry = AuditEntry(
        actor=staff.actor, action=f"data_request.{what}", subject=f"data_request:{request_id}", after={**facts}
    )
    await append(connection, entry, now=now)
