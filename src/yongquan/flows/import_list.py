"""Staff import a list of citizens from a file: rows are looked up, unknown ones are named, the rest is the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.citizens.store import find_by_phones, phones_of
from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff
from yongquan.vouchers.store import add_to_list
from yongquan.vouchers.ways.lists import ListRow, RowError, masked, read_list
from yongquan.vouchers.ways.lists_store import save_list

LIST_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
NAME_MAX = 60
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ImportedList:
    """What became of a file: so many members, and the rows that were left out, by line."""

    list_id: UUID
    members: int
    errors: tuple[RowError, ...]


async def import_list(
    database: Database,
    raw: bytes,
    *,
    name: str,
    adcode: str | None,
    staff: Staff,
    sealing: Sealing,
    cells: int,
    now: datetime,
) -> ImportedList:
    """Make a list of the citizens a CSV names; unregistered ones are error rows. Raises `BadInput`, `Forbidden`."""
    staff.require(*LIST_ROLES, adcode=adcode)
    if not 1 <= len(name) <= NAME_MAX:
        raise BadInput(f"the list's name has {len(name)} characters: write 1 to {NAME_MAX}")
    file = read_list(raw)
    list_id, errors, members = fresh_id(), list(file.errors), set[UUID]()
    async with database.transaction() as connection:
        await save_list(
            connection, list_id, name=name, adcode=adcode, file_rows=file.size, made_by=staff.actor, now=now
        )
        for rows in _batches(file.rows):
            known = await _known(connection, rows, sealing, cells=cells)
            errors += [_unknown(row) for row in rows if row.line not in known]
            fresh = sorted(set(known.values()) - members)
            members.update(fresh)
            await add_to_list(connection, list_id, fresh, cells=[cell_of(one, cells) for one in fresh])
        facts: dict[str, int | str] = {
            "name": name,
            "rows": file.size,
            "members": len(members),
            "left_out": len(errors),
        }
        entry = AuditEntry(actor=staff.actor, action="list.imported", subject=f"list:{list_id}", after={**facts})
        await append(connection, entry, now=now)
    return ImportedList(list_id, len(members), tuple(sorted(errors, key=lambda error: error.line)))


async def _known(connection: Connection, rows: Sequence[ListRow], sealing: Sealing, *, cells: int) -> dict[int, UUID]:
    """The citizens of the rows that are registered, by line."""
    by_phone = {row.phone: row.line for row in rows if row.phone}
    by_id = {row.citizen_id: row.line for row in rows if row.citizen_id}
    found = await find_by_phones(connection, list(by_phone), sealing, cells=cells) if by_phone else {}
    registered = await phones_of(connection, list(by_id), sealing, cells=cells) if by_id else {}
    return {by_phone[phone]: id_ for phone, id_ in found.items()} | {by_id[id_]: id_ for id_ in registered}


def _unknown(row: ListRow) -> RowError:
    return RowError(row.line, "unknown", masked(row.phone or str(row.citizen_id)))


def _batches(rows: Sequence[ListRow]) -> list[Sequence[ListRow]]:
    return [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
