"""A shop's settlement is held: proposed and approved by two people, ended by release or by recovery for the funders.

The acquirer keeps the money; the operator only instructs. A release pays the shop; a recovery gives the held subsidies
back to their funders on the open settlement day, and pays the shop what is left. An end is repeatable at any point.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.day_desk import DayDesk, to_network
from yongquan.institutions.connectors.account_messages import HELD_ACCOUNT, BookTransfer
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.views import settled_to
from yongquan.payments import holds
from yongquan.payments.holds import HOLD_MOVES, HeldShop, HoldState
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

HOLD_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)
TEXT_MAX = 500
DEADLINE = "system:deadline"


class UnknownHold(Refusal):
    """There is no such hold or store."""

    code = "not_found"


class OwnHold(Refusal):
    """Whoever proposed a hold, or its end, does not decide it."""

    code = "own_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOrder:
    """What to hold of which shop (`subsidy` or `whole`), on what basis, what it is told, and until when at most."""

    store_id: UUID
    scope: str
    basis: str
    notice: str
    deadline: datetime

    def __post_init__(self) -> None:
        if self.scope not in {"subsidy", "whole"}:
            raise BadInput("scope: subsidy or whole")
        for name, text in (("basis", self.basis), ("notice", self.notice)):
            if not 1 <= len(text) <= TEXT_MAX:
                raise BadInput(f"{name}: write 1 to {TEXT_MAX} characters")


async def propose_hold(desk: DayDesk, actor: str, order: HoldOrder, *, real_now: datetime) -> UUID:
    """Propose a hold; `actor` is staff or, later, the risk rules. Raises `UnknownHold`, `ForbiddenMove`, `BadInput`."""
    if order.deadline <= desk.clock.now():
        raise BadInput("deadline: it lies in the past")
    hold_id = fresh_id()
    async with desk.database.transaction() as connection:
        place = await settled_to(connection, order.store_id)
        if place is None:
            raise UnknownHold
        values = (hold_id, order.store_id, *place, order.scope, order.basis, order.notice, order.deadline)
        if not await holds.add_hold(connection, (*values, actor, real_now)):
            raise ForbiddenMove("this shop has a hold already")
        await _note(connection, actor, "proposed", hold_id, order.basis, now=real_now)
    return hold_id


async def decide_hold(desk: DayDesk, staff: Staff, hold_id: UUID, *, approve: bool, real_now: datetime) -> None:
    """Approve or refuse a proposed hold; from the next day drawn up its lines are held. Raises as `end_hold`."""
    staff.require(*HOLD_ROLES)
    async with desk.database.transaction() as connection:
        hold = await _locked(connection, hold_id)
        if hold.proposed_by == staff.actor:
            raise OwnHold
        to = HoldState.ACTIVE if approve else HoldState.REFUSED
        _require(hold, to)
        await holds.move_hold(connection, hold_id, to, decided_by=staff.actor, now=desk.clock.now())
        await _note(connection, staff.actor, to.value, hold_id, "", now=real_now)


async def end_hold(desk: DayDesk, staff: Staff, hold_id: UUID, *, wish: str, reason: str, real_now: datetime) -> None:
    """Ask for the end of a hold: `release` or `recover`. Raises `UnknownHold`, `Forbidden`, `ForbiddenMove`."""
    staff.require(*HOLD_ROLES)
    if wish not in {"release", "recover"} or not 1 <= len(reason) <= TEXT_MAX:
        raise BadInput(f"wish: release or recover; reason: 1 to {TEXT_MAX} characters")
    async with desk.database.transaction() as connection:
        hold = await _locked(connection, hold_id)
        _require(hold, HoldState.ENDING)
        await holds.move_hold(
            connection, hold_id, HoldState.ENDING, wish=wish, ending_by=staff.actor, reason=reason, now=real_now
        )
        await _note(connection, staff.actor, "ending", hold_id, reason, now=real_now)


async def decide_end(desk: DayDesk, staff: Staff, hold_id: UUID, *, approve: bool, real_now: datetime) -> None:
    """Approve or refuse the end somebody else asked for; an approved one is executed at once. Raises as `end_hold`."""
    staff.require(*HOLD_ROLES)
    async with desk.database.transaction() as connection:
        hold = await _locked(connection, hold_id)
        if hold.ending_by == staff.actor:
            raise OwnHold
        if approve:
            await _begin_end(desk, connection, hold, recover=hold.wish == "recover")
        else:
            _require(hold, HoldState.ACTIVE)
            await holds.move_hold(connection, hold_id, HoldState.ACTIVE, now=real_now)
        await _note(connection, staff.actor, "end_approved" if approve else "end_refused", hold_id, "", now=real_now)
    if approve:
        await execute_end(desk, hold_id)


async def release_overdue(desk: DayDesk, day: date) -> str:  # noqa: ARG001 - the shape of a clearing step
    """A step of clearing: holds whose deadline has come are released, ends that were interrupted go on."""
    now = desk.clock.now()
    async with desk.database.apart() as connection:
        overdue = await holds.overdue_holds(connection, now)
    for hold_id in overdue:
        async with desk.database.apart() as connection:
            hold = await _locked(connection, hold_id)
            money = await holds.money_of(connection, hold)
            if HoldState.EXECUTING in HOLD_MOVES[hold.state] and not money.open_lines:
                await _begin_end(desk, connection, hold, recover=False)
                await _note(connection, DEADLINE, "end_approved", hold_id, "", now=now)
    async with desk.database.apart() as connection:
        executing = await holds.executing_holds(connection)
    for hold_id in executing:
        await execute_end(desk, hold_id)
    return ""


async def book_recoveries(desk: DayDesk, day: date) -> str:
    """Have acquirers book the recoveries of a settlement day; "" or what that waits for."""
    async with desk.database.apart() as connection:
        waiting = await holds.unbooked_recoveries(connection, day=day)
    for hold_id, acquirer, on, amount_fen in waiting:
        code = await desk.book(acquirer, to_network(f"recover-{hold_id}", on, HELD_ACCOUNT, amount_fen))
        if code != "booked":
            return f"{acquirer}, which answers {code} to a recovery"
        async with desk.database.apart() as connection:
            await holds.mark_booked(connection, hold_id)
    return ""


async def execute_end(desk: DayDesk, hold_id: UUID) -> None:
    """Have the acquirer give back and pay what an approved end fixed, once; repeat it after an outage."""
    async with desk.database.apart() as connection:
        hold = await holds.hold_of(connection, hold_id)
        if hold is None or hold.state is not HoldState.EXECUTING:
            return
        recoveries = await holds.unbooked_recoveries(connection, hold_id=hold_id)
    for _, _, on, _ in recoveries:
        trouble = await book_recoveries(desk, on)
        if trouble:
            raise EndWaits(trouble)
    left_fen = hold.held_fen - hold.recovered_fen
    if left_fen:
        await _pay(desk, hold, left_fen)
    to = HoldState.RECOVERED if hold.recovered_fen else HoldState.RELEASED
    async with desk.database.apart() as connection:
        locked = await _locked(connection, hold_id)
        if locked.state is HoldState.EXECUTING:
            await holds.end_lines(connection, hold, to, now=desk.clock.now())
            await holds.move_hold(connection, hold_id, to, now=desk.clock.now())


class EndWaits(Refusal):
    """The acquirer did not do its part of an end yet; it is tried again."""

    code = "institution_refused"


async def _begin_end(desk: DayDesk, connection: Connection, hold: HeldShop, *, recover: bool) -> None:
    _require(hold, HoldState.EXECUTING)
    now = desk.clock.now()
    money = await holds.money_of(connection, hold)
    if money.open_lines:
        raise ForbiddenMove("a line of this shop is with its acquirer: wait for the report")
    _, parts = await holds.fix_end(connection, hold, money, recover=recover, now=now)
    for part in parts:
        transfers = ledger.payment_recipes.recover_subsidy(
            event=named_id("recover", hold.hold_id, part.cell, part.funder_id),
            funder_id=part.funder_id,
            acquirer_id=hold.acquirer,
            amount_fen=part.amount_fen,
        )
        await ledger.post(connection, transfers, cell=part.cell, now=now)
    wish = "recover" if recover else "release"
    await holds.move_hold(connection, hold.hold_id, HoldState.EXECUTING, wish=wish, now=now)


async def _pay(desk: DayDesk, hold: HeldShop, amount_fen: int) -> None:
    transfer = BookTransfer(
        id=f"release-{hold.hold_id}",
        from_account=HELD_ACCOUNT,
        to_account=hold.account_no,
        amount_fen=amount_fen,
        # The day of the order, so that a repeat on a later day is the same transfer.
        settlement_date=business_day(hold.proposed_at),
        purpose="release",
    )
    code = await desk.book(hold.acquirer, transfer)
    if code != "booked":
        raise EndWaits(f"{hold.acquirer} answers {code} to a release")


async def _locked(connection: Connection, hold_id: UUID) -> HeldShop:
    hold = await holds.hold_of(connection, hold_id, lock=True)
    if hold is None:
        raise UnknownHold
    return hold


def _require(hold: HeldShop, to: HoldState) -> None:
    if to not in HOLD_MOVES[hold.state]:
        raise ForbiddenMove(f"a hold that is {hold.state} does not become {to}")


async def _note(connection: Connection, actor: str, what: str, hold_id: UUID, text: str, *, now: datetime) -> None:
    entry = AuditEntry(
        actor=actor, action=f"hold.{what}", subject=f"hold:{hold_id}", after={"reason": text} if text else None
    )
    await append(connection, entry, now=now)
