"""Requests of authorities for data, and what was exported for them. Officers' names and badges are sealed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

DAYS_MAX: Final = 366
PARTIES_MAX: Final = 50
TEXT_MAX: Final = 200
_COLUMNS = """request_id, number, authority, legal_basis, officers_sealed, case_id, parties, from_day, until_day, state,
       reason, taken_by, taken_at, decided_by, decided_at"""
_ADD = """
insert into risk.data_request (request_id, number, authority, legal_basis, officers_sealed, case_id, parties, from_day,
                               until_day, state, taken_by, taken_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'taken_in', %s, %s) on conflict do nothing returning request_id
"""
_ONE = f"select {_COLUMNS} from risk.data_request where request_id = %s"
_LISTED = f"select {_COLUMNS} from risk.data_request order by (state <> 'taken_in'), taken_at desc limit 200"
_OF_CASE = f"""
select {_COLUMNS} from risk.data_request where case_id = %s and state = 'approved' order by decided_at desc
"""
_DECIDE = """
update risk.data_request set state = %s, reason = %s, decided_by = %s, decided_at = %s where request_id = %s
"""
_EXPORT = """
insert into risk.request_export (export_id, request_id, sha256, payments, made_by, made_at)
values (%s, %s, %s, %s, %s, %s)
"""
_EXPORTS = """
select sha256, payments, made_by, made_at from risk.request_export where request_id = %s order by made_at desc
"""


@dataclass(frozen=True, slots=True)
class Officer:
    """One of the two who ask."""

    name: str
    badge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What an authority asks for: `stores` and `citizens` bound the parties, the days are both included."""

    number: str
    authority: str
    legal_basis: str
    officers: tuple[Officer, ...]
    stores: tuple[UUID, ...] = ()
    citizens: tuple[UUID, ...] = ()
    from_day: date
    until_day: date
    case_id: UUID | None = None

    def faults(self) -> dict[str, str]:
        """The fields that are missing or wrong."""
        found = {
            name: "missing"
            for name, text in (("number", self.number), ("authority", self.authority), ("basis", self.legal_basis))
            if not 1 <= len(text) <= TEXT_MAX
        }
        badges = {officer.badge for officer in self.officers if officer.name and officer.badge}
        if len(badges) < 2:
            found["officers"] = "two_officers"
        if not 1 <= len(self.stores) + len(self.citizens) <= PARTIES_MAX:
            found["parties"] = "missing"
        if not 0 <= (self.until_day - self.from_day).days < DAYS_MAX:
            found["days"] = "too_long"
        return found


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A request as it stands."""

    request_id: UUID
    number: str
    authority: str
    legal_basis: str
    officers: tuple[Officer, ...]
    case_id: UUID | None
    parties: Sequence[dict[str, str]] = field(repr=False)
    from_day: date
    until_day: date
    state: str
    reason: str
    taken_by: str
    taken_at: datetime
    decided_by: str | None
    decided_at: datetime | None

    @property
    def stores(self) -> list[UUID]:
        return [UUID(party["value"]) for party in self.parties if party["kind"] == "store"]

    @property
    def citizens(self) -> list[UUID]:
        return [UUID(party["value"]) for party in self.parties if party["kind"] == "citizen"]


async def add_request(
    connection: Connection, request_id: UUID, wanted: NewRequest, *, by: str, sealing: Sealing, now: datetime
) -> bool:
    """Take a request in; False if one of this number is here."""
    officers = json.dumps([[one.name, one.badge] for one in wanted.officers], ensure_ascii=False)
    parties = [{"kind": "store", "value": str(one)} for one in wanted.stores]
    parties += [{"kind": "citizen", "value": str(one)} for one in wanted.citizens]
    values = [
        *(request_id, wanted.number, wanted.authority, wanted.legal_basis, sealing.seal(officers, what="officers")),
        *(wanted.case_id, Jsonb(parties), wanted.from_day, wanted.until_day, by, now),
    ]
    return await (await connection.execute(_ADD, values)).fetchone() is not None


async def request_of(
    connection: Connection, request_id: UUID, sealing: Sealing, *, lock: bool = False
) -> DataRequest | None:
    """One request; with `lock`, nobody else decides on it until the commit."""
    row = await (await connection.execute((_ONE + (" for update" if lock else "")).encode(), [request_id])).fetchone()
    return _request(row, sealing) if row else None


async def requests_listed(connection: Connection, sealing: Sealing) -> list[DataRequest]:
    """Requests, those that wait first, the latest first."""
    return [_request(row, sealing) for row in await (await connection.execute(_LISTED)).fetchall()]


async def approved_of_case(connection: Connection, case_id: UUID, sealing: Sealing) -> list[DataRequest]:
    """The approved requests about a case, the latest first."""
    return [_request(row, sealing) for row in await (await connection.execute(_OF_CASE, [case_id])).fetchall()]


async def decide_request(
    connection: Connection, request_id: UUID, *, approve: bool, reason: str, by: str, now: datetime
) -> None:
    """Write a decision; the caller has checked who decides."""
    await connection.execute(_DECIDE, ["approved" if approve else "refused", reason, by, now, request_id])


async def note_export(
    connection: Connection, export_id: UUID, request_id: UUID, *, sha256: bytes, payments: int, by: str, now: datetime
) -> None:
    """Remember what left the house."""
    await connection.execute(_EXPORT, [export_id, request_id, sha256, payments, by, now])


async def exports_of(connection: Connection, request_id: UUID) -> list[tuple[bytes, int, str, datetime]]:
    """The exports of a request: SHA-256, payments, by whom, when."""
    return list(await (await connection.execute(_EXPORTS, [request_id])).fetchall())


def _request(row: Sequence[Any], sealing: Sealing) -> DataRequest:
    named = dict(zip([part.name for part in fields(DataRequest)], row, strict=True))
    officers = json.loads(sealing.open(bytes(row[4]), what="officers"))
    return DataRequest(**{**named, "officers": tuple(Officer(name, badge) for name, badge in officers)})
