"""Providers' pay of a month: inputs are taken as they stand and kept, a formula makes a statement, another approves.

A statement is where this ends: no money moves from here. `docs/tiers.md` says who pays it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.flows.grade_shops import next_month
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.reasons import require_reason
from yongquan.merchants.contribution import (
    FIRST_FORMULA,
    FakeInput,
    Formula,
    Inputs,
    Pay,
    ShopInput,
    pay_of,
    read_formula,
)
from yongquan.merchants.contribution import store as contribution
from yongquan.merchants.contribution.store import NewStatement, Statement
from yongquan.merchants.grids.store import grids_of_stores
from yongquan.merchants.rulebooks.store import RuleKind, rule_version, rules_on
from yongquan.merchants.tiers.store import shops_to_grade
from yongquan.merchants.views import store_of
from yongquan.payments.takings import (
    Period,
    TakingLine,
    digest_of_lines,
    taking_lines,
    takings_of_stores,
    traded_before,
    vouchers_of_stores,
)
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day, day_start
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

PAY_ROLES = (Role.OPERATOR, Role.FINANCE, Role.BUREAU_OFFICER, Role.ADMIN)
REASON_MAX = 200


class OwnStatement(Refusal):
    """Whoever drew a statement up does not approve it."""

    code = "own_version"


class UnknownStatement(Refusal):
    """There is no such statement or shop."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Territory:
    """A provider, the grids it has on the month's last day, and the inspections its shops passed in the month."""

    provider: str
    name: str
    grids: frozenset[str]
    inspections: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replay:
    """A statement made again out of its inputs."""

    statement: Statement
    inputs_match: bool
    pay_matches: bool
    payments_match: bool

    @property
    def is_sound(self) -> bool:
        """Whether everything came out as it was approved."""
        return self.inputs_match and self.pay_matches and self.payments_match


@dataclass(frozen=True, slots=True)
class Difference:
    """What a provider had in a month, and what another formula would have given."""

    month: date
    provider: str
    paid: Pay
    trial: Pay

    @property
    def fen(self) -> int:
        """More or less."""
        return self.trial.total_fen - self.paid.total_fen


async def draw_statements(
    database: Database, territories: Sequence[Territory], month: date, *, actor: str, now: datetime, real_now: datetime
) -> list[UUID]:
    """Draw up every provider's statement of a month; those approved stay as they are.

    While the month runs a statement is for the time being: it can be read and drawn anew, not approved. `now` is the
    product's time: payments count as they stand then. Raises `BadInput`.
    """
    if month.day != 1 or month > business_day(now):
        raise BadInput(f"{month}: name the first day of a month that has begun")
    last_day = min(next_month(month) - timedelta(days=1), business_day(now))
    period = Period(month, next_month(month), now)
    async with database.transaction() as connection:
        version = await rules_on(connection, RuleKind.CONTRIBUTION, month)
        by_grid = await _stores_by_grid(connection, last_day)
    formula = read_formula(version.document if version else FIRST_FORMULA)
    drawn = []
    for territory in territories:
        async with database.transaction() as connection:
            old = await contribution.standing(connection, month, territory.provider)
            if old is not None and old.state == "approved":
                continue
            inputs = await _inputs(connection, territory, by_grid, period)
            if old is not None:
                await contribution.drop_drawn(connection, old.statement_id)
            pay = await asyncio.to_thread(pay_of, inputs, formula)
            number = version.version_no if version else 0
            new = NewStatement(fresh_id(), inputs, territory.name, number, now, pay, actor)
            await contribution.keep_statement(connection, new, now=real_now)
            facts: dict[str, Fact] = {"month": f"{month:%Y-%m}", "provider": territory.provider}
            facts["amount_fen"] = pay.total_fen
            await append(connection, _entry(actor, "drawn", new.statement_id, facts), now=real_now)
            drawn.append(new.statement_id)
    return drawn


async def decide_statement(
    database: Database, staff: Staff, statement_id: UUID, *, approve: bool, real_now: datetime
) -> None:
    """Approve or refuse a statement that somebody else drew. Raises `UnknownStatement`, `OwnStatement`, `Forbidden`."""
    staff.require(*PAY_ROLES)
    state = "approved" if approve else "refused"
    async with database.transaction() as connection:
        statement = await contribution.statement_of(connection, statement_id, lock=True)
        if statement is None:
            raise UnknownStatement
        if statement.state != "drawn":
            raise ForbiddenMove(f"a statement that is {statement.state} is not decided again")
        if statement.drawn_by == staff.actor:
            raise OwnStatement
        if approve and not has_ended(statement):
            raise ForbiddenMove("the statement was drawn up before its month ended: draw it up anew")
        await contribution.decide_statement(connection, statement_id, state, actor=staff.actor, now=real_now)
        await append(connection, _entry(staff.actor, state, statement_id, {"state": state}), now=real_now)


def has_ended(statement: Statement) -> bool:
    """Whether a statement was drawn up after its month."""
    return next_month(statement.month) <= business_day(statement.seen_at)


async def report_fake(
    database: Database, staff: Staff, store_id: UUID, reason: str, *, now: datetime, real_now: datetime
) -> None:
    """Note a shop as fake: from this business month on it counts for nothing, and its pay is taken back."""
    staff.require(*PAY_ROLES)
    require_reason(reason, most=REASON_MAX)
    month = business_day(now).replace(day=1)
    async with database.transaction() as connection:
        if await store_of(connection, store_id) is None:
            raise UnknownStatement
        if await contribution.report_fake(connection, store_id, month, reason, actor=staff.actor, now=real_now):
            entry = AuditEntry(
                actor=staff.actor, action="contribution.fake", subject=f"store:{store_id}", after={"reason": reason}
            )
            await append(connection, entry, now=real_now)


async def replay_statement(database: Database, statement_id: UUID) -> Replay:
    """Make a statement again out of its kept inputs, and list its payments again. Raises `UnknownStatement`."""
    async with database.transaction() as connection:
        statement = await contribution.statement_of(connection, statement_id)
        inputs = None if statement is None else await contribution.inputs_of(connection, statement.input_digest)
        if statement is None or inputs is None:
            raise UnknownStatement
        formula = await formula_of(connection, statement)
        lines = await lines_of(connection, statement, inputs)
    pay = await asyncio.to_thread(pay_of, inputs, formula)
    return Replay(
        statement,
        inputs.digest == statement.input_digest,
        (pay.lines, pay.claws, pay.total_fen) == (statement.pay.lines, statement.pay.claws, statement.total_fen),
        digest_of_lines(lines) == inputs.payments_sha,
    )


async def lines_of(connection: Connection, statement: Statement, inputs: Inputs) -> list[TakingLine]:
    """The payments behind a statement, as they stood when it was drawn up."""
    period = Period(statement.month, next_month(statement.month), statement.seen_at)
    return await taking_lines(connection, period, [shop.store_id for shop in inputs.shops])


async def try_formula(database: Database, document: str, *, first: date, last: date) -> list[Difference]:
    """What another formula would have given for the months' statements, beside what they are. Raises `BadInput`."""
    formula = read_formula(document)
    found = []
    async with database.transaction() as connection:
        for statement in await contribution.statements_between(connection, first, last):
            inputs = await contribution.inputs_of(connection, statement.input_digest)
            if inputs is not None:
                trial = await asyncio.to_thread(pay_of, inputs, formula)
                found.append(Difference(statement.month, statement.provider, statement.pay, trial))
    return found


async def formula_of(connection: Connection, statement: Statement) -> Formula:
    """The formula that a statement was made by."""
    version = await rule_version(connection, RuleKind.CONTRIBUTION, statement.formula_no)
    return read_formula(version.document if version else FIRST_FORMULA)


async def _stores_by_grid(connection: Connection, day: date) -> dict[str, list[UUID]]:
    stores = [store_id for store_id, _ in await shops_to_grade(connection)]
    by_grid: dict[str, list[UUID]] = defaultdict(list)
    for store_id, grid in sorted((await grids_of_stores(connection, day, stores)).items()):
        by_grid[grid].append(store_id)
    return by_grid


async def _inputs(
    connection: Connection, territory: Territory, by_grid: Mapping[str, list[UUID]], period: Period
) -> Inputs:
    month, fakes = period.since, await contribution.fakes_until(connection, period.since)
    grid_of = {store: grid for grid in sorted(territory.grids) for store in by_grid.get(grid, ())}
    own = sorted(store for store in grid_of if store not in fakes)
    took = await takings_of_stores(connection, period, stores=own)
    vouchers = await vouchers_of_stores(connection, period, own)
    known = await traded_before(connection, list(took), day_start(month))
    shops = []
    for store in own:
        one, inspections = took.get(store), territory.inspections.get(store, 0)
        if one is None:
            shops.append(ShopInput(store, grid_of[store], False, 0, 0, 0, 0, inspections))
        else:
            is_new, used = store not in known, vouchers.get(store, 0)
            facts = (one.payments, one.payers, one.days, used, inspections)
            shops.append(ShopInput(store, grid_of[store], is_new, *facts))
    earned: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for store, when, fen in await contribution.earned_by_fakes(connection, month, territory.provider):
        earned[store].append((when, fen))
    for store in await contribution.found_in(connection, month):
        if store in grid_of:
            earned.setdefault(store, [])
    return Inputs(
        month=month,
        provider=territory.provider,
        grids=tuple(sorted(territory.grids)),
        shops=tuple(shops),
        fakes=tuple(FakeInput(store, tuple(of), store in grid_of) for store, of in sorted(earned.items())),
        owed_fen=await contribution.owed_before(connection, territory.provider, month),
        payments_sha=digest_of_lines(await taking_lines(connection, period, own)),
    )


def _entry(actor: str, act: str, statement_id: UUID, after: dict[str, Fact]) -> AuditEntry:
    return AuditEntry(actor=actor, action=f"contribution.{act}", subject=f"contribution:{statement_id}", after=after)
