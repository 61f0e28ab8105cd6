"""A funder's statement of a period: every transfer on its accounts, and balances that are the ledger's own."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from yongquan.flows.record_funding import FINANCE_ROLES, UnknownFunder
from yongquan.institutions.funding_store import (
    FundingEntry,
    Invoice,
    add_invoice,
    invoices_of,
    journal_of,
    lock_funder,
    period_is_invoiced,
)
from yongquan.institutions.store import Funder, all_funders
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.ledger import Kind, Posting, account_id, recipes, statements
from yongquan.ledger.statements import StatementLine
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff


class PeriodInvoiced(Refusal):
    """A day of the period is on an invoice already."""

    code = "period_invoiced"


@dataclass(frozen=True, slots=True)
class AccountSum:
    """One account over the period, in fen; balances are on the credit side (negative: the debit side)."""

    kind: Kind
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a finance bureau audits. `until` is the day after the last one; days are of Asia/Shanghai."""

    funder: Funder
    since: date
    until: date
    accounts: tuple[AccountSum, ...]
    lines: tuple[StatementLine, ...]
    kinds: dict[UUID, Kind]
    documents: dict[UUID, FundingEntry]

    def total_fen(self, *postings: Posting) -> int:
        """What lines of some postings come to."""
        return sum(line.amount_fen for line in self.lines if line.posting in postings)


async def draw_statement(connection: Connection, funder_id: str, *, since: date, until: date) -> Statement:
    """Read it in the caller's transaction. Raises `UnknownFunder`; `BadInput` for a period that is none."""
    if until <= since:
        raise BadInput("until: the period ends after it begins")
    funder = next((f for f in await all_funders(connection) if f.funder_id == funder_id), None)
    if funder is None:
        raise UnknownFunder(f"there is no funder {funder_id}")
    kinds = {account_id(funder_id, kind): kind for kind in recipes.FUNDER_KINDS}
    begin, end = _start(since), _start(until)
    opening = await statements.credits_at(connection, list(kinds), at=begin)
    lines = await statements.lines_of(connection, list(kinds), since=begin, until=end)
    debits: Counter[UUID] = Counter()
    credit: Counter[UUID] = Counter()
    for line in lines:
        debits[line.debit_account_id] += line.amount_fen
        credit[line.credit_account_id] += line.amount_fen
    sums = tuple(
        AccountSum(kind, opening[id_], debits[id_], credit[id_], opening[id_] + credit[id_] - debits[id_])
        for id_, kind in kinds.items()
    )
    documents = {entry.entry_id: entry for entry in await journal_of(connection, funder_id)}
    return Statement(
        funder=funder,
        since=since,
        until=until,
        accounts=sums,
        lines=tuple(lines),
        kinds=kinds,
        documents=documents,
    )


async def issue_invoice(
    database: Database,
    staff: Staff,
    funder_id: str,
    *,
    since: date,
    until: date,
    now: datetime,
    audited_at: datetime | None = None,
) -> Invoice:
    """Number a statement of what clearing called for a funder in a period; the same period again is the same invoice.

    `now` is business time, `audited_at` real time.
    Locks the funder. Raises `Forbidden`, `UnknownFunder`, `PeriodInvoiced`; `BadInput` for a day that is not over.
    """
    if until > now.astimezone(SHANGHAI).date():
        raise BadInput("until: an invoice ends with a day that is over")
    async with database.transaction() as connection:
        if not await lock_funder(connection, funder_id):
            raise UnknownFunder
        statement = await draw_statement(connection, funder_id, since=since, until=until)
        staff.require(*FINANCE_ROLES, adcode=statement.funder.adcode)
        issued = await invoices_of(connection, funder_id)
        for invoice in issued:
            if (invoice.since, invoice.until) == (since, until):
                return invoice
        if await period_is_invoiced(connection, funder_id, since, until):
            raise PeriodInvoiced
        invoice = _invoice(statement, number=len(issued) + 1, now=now, by=staff.actor)
        await add_invoice(connection, invoice)
        await append(connection, _audit(invoice), now=audited_at or now)
    return invoice


def _invoice(statement: Statement, *, number: int, now: datetime, by: str) -> Invoice:
    """Called less given back, by who paid."""
    prepaid = statement.total_fen(Posting.SPEND_PREPAID) - statement.total_fen(Posting.RESTORE_PREPAID)
    advanced = statement.total_fen(Posting.SPEND_ADVANCE) - statement.total_fen(Posting.RESTORE_ADVANCE)
    funder_id = statement.funder.funder_id
    return Invoice(
        f"{funder_id}-{statement.since:%Y}-{number:04d}",
        *(funder_id, number, statement.since, statement.until, prepaid, advanced, now, by),
    )


def _audit(invoice: Invoice) -> AuditEntry:
    return AuditEntry(
        actor=invoice.issued_by,
        action="funding.invoiced",
        subject=f"funder:{invoice.funder_id}",
        after={
            "document_no": invoice.invoice_no,
            "since": invoice.since.isoformat(),
            "until": (invoice.until - timedelta(days=1)).isoformat(),
            "amount_fen": invoice.total_fen,
        },
    )


def _start(day: date) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI).astimezone(UTC)
