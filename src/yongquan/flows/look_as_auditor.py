"""An auditor's seat: one funder, read-only, for a time; every look goes into the audit log before it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.flows.draw_statement import Statement, draw_statement
from yongquan.institutions.store import Funder, all_funders
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import cell_of
from yongquan.ledger.statements import StatementLine, chain_lines
from yongquan.payments.model import Payment
from yongquan.payments.sampling import (
    SAMPLE_MAX,
    InstructedLine,
    Population,
    SampledRedemption,
    draw_sample,
    instructed_lines,
)
from yongquan.payments.store import payment_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.funding_store import VoucherFacts, voucher_facts


class NothingToLookAt(Refusal):
    """There is no such redemption of this funder."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Redemption:
    """A sampled redemption with all that stands behind it."""

    payment: Payment
    voucher: VoucherFacts
    transfers: tuple[StatementLine, ...]
    settled: tuple[InstructedLine, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What an auditor asks to sample: a half-open period, a seed of 1 to 64 characters, and how many."""

    since: date
    until: date
    seed: str
    size: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.seed) <= 64 or not 1 <= self.size <= SAMPLE_MAX or self.until <= self.since:
            raise BadInput(f"sample: give a seed of 1 to 64 characters, 1 to {SAMPLE_MAX} pieces and a period")


def seat_of(staff: Staff) -> RoleGrant:
    """The auditor's seat of this person. Raises `Forbidden` without one (or when its time is over)."""
    for grant in sorted(staff.grants, key=lambda grant: grant.institution or ""):
        if grant.role is Role.AUDITOR and grant.institution is not None:
            return grant
    raise Forbidden


async def sample_redemptions(
    database: Database, staff: Staff, question: Question, *, now: datetime
) -> tuple[Population, Sequence[SampledRedemption]]:
    """Draw the sample of the seat's funder; the look is audited with its seed. `now` is real time in UTC."""
    funder_id = _funder_of(staff)
    async with database.transaction() as connection:
        population, sample = await draw_sample(
            connection,
            funder_id,
            since=question.since,
            until=question.until,
            seed=question.seed,
            size=question.size,
        )
        asked = {"since": question.since.isoformat(), "until": question.until.isoformat(), "seed": question.seed}
        counts = {"size": question.size, "population": population.count}
        await _audit(connection, staff, "seat.sampled", f"funder:{funder_id}", {**asked, **counts}, now=now)
    return population, sample


async def look_at_redemption(
    database: Database, staff: Staff, payment_id: UUID, voucher_id: UUID, *, cells: int, now: datetime
) -> Redemption:
    """Open one redemption of the seat's funder; the look is audited. Raises `NothingToLookAt`."""
    funder_id = _funder_of(staff)
    cell = cell_of(payment_id, cells)
    async with database.transaction() as connection:
        payment = await payment_of(connection, cell, payment_id)
        voucher = await voucher_facts(connection, cell, voucher_id)
        if payment is None or voucher is None:
            raise NothingToLookAt
        if not any(s.funder_id == funder_id and s.voucher_id == voucher_id for s in payment.shares):
            raise NothingToLookAt
        transfers = await chain_lines(connection, payment_id)
        settled = await instructed_lines(connection, payment.store_id, payment.settlement_date)
        subject = {"funder": funder_id, "voucher": str(voucher_id)}
        await _audit(connection, staff, "seat.looked", f"payment:{payment_id}", subject, now=now)
    return Redemption(payment, voucher, tuple(transfers), tuple(settled))


async def take_statement(database: Database, staff: Staff, *, since: date, until: date, now: datetime) -> Statement:
    """The statement of the seat's funder; taking it is audited."""
    funder_id = _funder_of(staff)
    async with database.transaction() as connection:
        statement = await draw_statement(connection, funder_id, since=since, until=until)
        asked = {"since": since.isoformat(), "until": until.isoformat()}
        await _audit(connection, staff, "seat.took_statement", f"funder:{funder_id}", asked, now=now)
    return statement


async def funder_of_seat(connection: Connection, staff: Staff) -> Funder:
    """Who the seat is for. Raises `NothingToLookAt` if the funder is not there."""
    funder_id = _funder_of(staff)
    for funder in await all_funders(connection):
        if funder.funder_id == funder_id:
            return funder
    raise NothingToLookAt


def _funder_of(staff: Staff) -> str:
    return seat_of(staff).institution or ""


async def _audit(
    connection: Connection, staff: Staff, action: str, subject: str, after: Mapping[str, str | int], *, now: datetime
) -> None:
    entry = AuditEntry(actor=staff.actor, action=action, subject=subject, after={**after})
    await append(connection, entry, now=now)
