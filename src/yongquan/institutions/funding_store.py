"""The institutions room's SQL for the journal of funders' money and their invoices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection

_COLUMNS = (
    "entry_id, kind, funder_id, campaign_id, amount_fen, advance_fen, document_no, reason, facts, recorded_at, "
    "recorded_by"
)
_LOCK = "select 1 from institutions.funder where funder_id = %s for no key update"
_ONE = f"select {_COLUMNS} from institutions.funding where entry_id = %s"
_ALL = f"select {_COLUMNS} from institutions.funding where funder_id = %s order by recorded_at desc, entry_id"
_ADD = f"insert into institutions.funding ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_RECOVERABLE = """
select coalesce(sum(case kind when 'deduct' then amount_fen - advance_fen when 'recover' then -amount_fen end), 0)
  from institutions.funding where funder_id = %s and kind in ('deduct', 'recover')
"""
_INVOICE = """
select invoice_no, funder_id, number, since, until, prepaid_fen, advanced_fen, issued_at, issued_by
  from institutions.subsidy_invoice where funder_id = %s
"""
_OVERLAPS = "select 1 from institutions.subsidy_invoice where funder_id = %s and since < %s and until > %s"
_ADD_INVOICE = """
insert into institutions.subsidy_invoice (invoice_no, funder_id, number, since, until, prepaid_fen, advanced_fen,
                                          issued_at, issued_by)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingEntry:
    """One recorded event of a funder's money. `advance_fen` is the part that concerns the advancer."""

    entry_id: UUID
    kind: str
    funder_id: str
    campaign_id: UUID | None
    amount_fen: int
    advance_fen: int
    document_no: str
    reason: str
    facts: Mapping[str, int] = field(default_factory=dict)
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """A numbered statement of a funder's subsidy in a half-open period, by who paid at clearing."""

    invoice_no: str
    funder_id: str
    number: int
    since: date
    until: date
    prepaid_fen: int
    advanced_fen: int
    issued_at: datetime
    issued_by: str

    @property
    def total_fen(self) -> int:
        return self.prepaid_fen + self.advanced_fen


async def lock_funder(connection: Connection, funder_id: str) -> bool:
    """Keep others from recording for this funder until the commit; False if there is none."""
    return await (await connection.execute(_LOCK, [funder_id])).fetchone() is not None


async def entry_of(connection: Connection, entry_id: UUID) -> FundingEntry | None:
    """A recorded event."""
    row = await (await connection.execute(_ONE, [entry_id])).fetchone()
    return _entry(row) if row else None


async def journal_of(connection: Connection, funder_id: str) -> list[FundingEntry]:
    """A funder's recorded events, the latest first."""
    return [_entry(row) for row in await (await connection.execute(_ALL, [funder_id])).fetchall()]


async def add_entry(connection: Connection, entry: FundingEntry) -> None:
    """Write an event."""
    e = entry
    await connection.execute(
        _ADD,
        [
            *(e.entry_id, e.kind, e.funder_id, e.campaign_id, e.amount_fen, e.advance_fen, e.document_no, e.reason),
            *(Jsonb(dict(e.facts)), e.recorded_at, e.recorded_by),
        ],
    )


async def recoverable_of(connection: Connection, funder_id: str) -> int:
    """Deducted prepaid money that has not come back, in fen."""
    row = await (await connection.execute(_RECOVERABLE, [funder_id])).fetchone()
    return int(row[0]) if row else 0


async def invoices_of(connection: Connection, funder_id: str) -> list[Invoice]:
    """A funder's invoices, the first first."""
    rows = await (await connection.execute(f"{_INVOICE} order by number", [funder_id])).fetchall()
    return [Invoice(*row) for row in rows]


async def period_is_invoiced(connection: Connection, funder_id: str, since: date, until: date) -> bool:
    """Whether a day of the period is on an invoice."""
    return await (await connection.execute(_OVERLAPS, [funder_id, until, since])).fetchone() is not None


async def add_invoice(connection: Connection, invoice: Invoice) -> None:
    """Write an invoice."""
    i = invoice
    await connection.execute(
        _ADD_INVOICE,
        [
            *(i.invoice_no, i.funder_id, i.number, i.since, i.until, i.prepaid_fen, i.advanced_fen),
            *(i.issued_at, i.issued_by),
        ],
    )


def _entry(row: tuple[object, ...]) -> FundingEntry:
    names = _COLUMNS.split(", ")
    return FundingEntry(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]
