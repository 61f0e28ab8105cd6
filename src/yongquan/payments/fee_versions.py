"""Versions of the fee table: proposed by one, decided by another, in force from the start of a business day."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import msgspec

from yongquan.kernel.errors import BadInput
from yongquan.payments.fees import FIRST_TABLE, FeeTable, require_sound
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection

_COLUMNS = "version_no, effective_day, document, state, proposed_by, proposed_at, reason, decided_by, decided_at"
_APPROVED = (
    "select version_no, effective_day, document from payments.fee_version where state = 'approved' order by 2, 1"
)
_ALL = f"select {_COLUMNS} from payments.fee_version order by version_no desc"
_ONE = f"select {_COLUMNS} from payments.fee_version where version_no = %s"
_PROPOSE = """
insert into payments.fee_version (effective_day, document, state, proposed_by, proposed_at, reason)
values (%s, %s, 'proposed', %s, %s, %s) returning version_no
"""
_DECIDE = """
update payments.fee_version set state = %s, decided_by = %s, decided_at = %s
 where version_no = %s and state = 'proposed'
"""
TABLE_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class FeeVersion:
    """A version and who made it."""

    version_no: int
    effective_day: date
    document: str
    state: str
    proposed_by: str
    proposed_at: datetime
    reason: str
    decided_by: str | None
    decided_at: datetime | None

    @property
    def table(self) -> FeeTable:
        return read_table(self.document)


@dataclass(slots=True)
class FeeSchedule:
    """The versions in force, kept in memory; a version is decided before its day, so every process has it in time."""

    _versions: list[tuple[date, FeeTable]] = field(default_factory=list)
    _numbers: tuple[int, ...] = ()

    async def refresh(self, connection: Connection) -> None:
        """Read the approved versions if there are others than before."""
        rows = await (await connection.execute(_APPROVED)).fetchall()
        numbers = tuple(row[0] for row in rows)
        if numbers != self._numbers:
            self._versions = [(row[1], read_table(row[2])) for row in rows]
            self._numbers = numbers

    def at(self, now: datetime) -> FeeTable:
        """The table of a moment: the last version whose day has come, or the product's first."""
        today = business_day(now)
        in_force = [table for day, table in self._versions if day <= today]
        return in_force[-1] if in_force else FIRST_TABLE


def read_table(document: str) -> FeeTable:
    """A table out of its JSON. Raises `BadInput`."""
    if len(document) > TABLE_MAX:
        raise BadInput("the fee table is too long")
    try:
        sent = msgspec.json.decode(document)
        table = msgspec.convert(sent, FeeTable, strict=True)
        _require_known(sent, table)
        return require_sound(table)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"the fee table: {error}") from error


def _require_known(sent: Any, table: FeeTable) -> None:
    # What is left out of a table means nothing charged, so a misspelt field must not pass for one left out.
    if "rules" not in sent:
        raise BadInput("the fee table: rules is missing")
    known = msgspec.to_builtins(table)
    unknown = sent.keys() - known.keys()
    for rule, read in zip(sent["rules"], known["rules"], strict=True):
        unknown |= rule.keys() - read.keys()
        for party in ("interchange", "network", "acquirer"):
            unknown |= rule.get(party, {}).keys() - read[party].keys()
    if unknown:
        raise BadInput(f"the fee table: {min(unknown)} is no field of it")


def write_table(table: FeeTable) -> str:
    """A table as JSON that a person can edit."""
    return msgspec.json.format(msgspec.json.encode(table), indent=2).decode()


async def fee_versions(connection: Connection) -> list[FeeVersion]:
    """All versions, the newest first."""
    return [FeeVersion(*row) for row in await (await connection.execute(_ALL)).fetchall()]


async def fee_version(connection: Connection, version_no: int, *, lock: bool = False) -> FeeVersion | None:
    """One version."""
    query = _ONE + (" for update" if lock else "")
    row = await (await connection.execute(query.encode(), [version_no])).fetchone()
    return None if row is None else FeeVersion(*row)


async def propose(
    connection: Connection, effective_day: date, table: FeeTable, *, actor: str, reason: str, now: datetime
) -> int:
    """Write a version down for somebody else to decide; its number."""
    values = [effective_day, write_table(table), actor, now, reason]
    row = await (await connection.execute(_PROPOSE, values)).fetchone()
    if row is None:
        raise ValueError("a version was not written")
    return int(row[0])


async def decide(connection: Connection, version_no: int, state: str, *, actor: str, now: datetime) -> None:
    """Approve or refuse a proposed version."""
    await connection.execute(_DECIDE, [state, actor, now, version_no])
