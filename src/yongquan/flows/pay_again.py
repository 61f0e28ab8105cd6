"""A returned payout is sent again once the shop's account is right: a fresh instruction, never twice."""

from dataclasses import dataclass
from datetime import datetime

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.settle_shops import answer_of, instruction_of
from yongquan.institutions.connectors.account_messages import ShopOpening
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.views import settled_to, store_of
from yongquan.payments import settling_store
from yongquan.payments.settling_store import LineKey
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

PAYOUT_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)
TEXT_MAX = 200


class UnknownPayout(Refusal):
    """The shop has no such line."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Returned(LineKey):
    """A line that its acquirer returned."""

    def instruction_id(self, payout_no: int) -> str:
        """Each try has its own id, so that the acquirer pays each once."""
        of_cut = f"-{self.cut_no}" if self.cut_no else ""
        return f"again-{self.day}{of_cut}-{self.acquirer}-{self.store_id}-{payout_no}"


async def pay_again(desk: DayDesk, staff: Staff, line: Returned, *, reason: str, real_now: datetime) -> str:
    """Instruct the acquirer afresh and match its report; the line's state after it (paid, held, returned, disputed).

    What was begun and interrupted goes on under the same id. The acquirer still has the money: no funds are brought in.
    Raises `UnknownPayout`, `ForbiddenMove` unless the line was returned, `Forbidden`, `InstitutionRefused`.
    """
    staff.require(*PAYOUT_ROLES)
    if not 1 <= len(reason) <= TEXT_MAX:
        raise BadInput(f"the reason has {len(reason)} characters: write 1 to {TEXT_MAX}")
    instruction_id = await _plan(desk, staff, line, reason, real_now=real_now)
    async with desk.database.transaction() as connection:
        lines = await settling_store.lines_of(connection, instruction_id)
        store = await store_of(connection, line.store_id)
        place = await settled_to(connection, line.store_id)
    if store is None or place is None:
        raise UnknownPayout
    async with desk.links.client(line.acquirer) as acquirer:
        await acquirer.take_on_shops([ShopOpening(shop_id=str(line.store_id), name=store.name, account_no=place[1])])
        await acquirer.instruct_settlement(instruction_of(instruction_id, line.day, lines, expected_funds_fen=0))
        report = await acquirer.settlement_report(instruction_id)
    async with desk.database.transaction() as connection:
        await settling_store.mark_instructed(connection, instruction_id)
        answers = [answer_of(one) for one in report.lines]
        states = await settling_store.match(connection, instruction_id, answers, now=desk.clock.now())
    return states[0] if states else "paid"


async def _plan(desk: DayDesk, staff: Staff, line: Returned, reason: str, *, real_now: datetime) -> str:
    async with desk.database.transaction() as connection:
        found = await settling_store.lock_line(connection, line)
        if found is None:
            raise UnknownPayout
        state, payout_no = found
        if payout_no and state in {"planned", "instructed"}:
            return line.instruction_id(payout_no)
        if state != "returned":
            raise ForbiddenMove(f"a payout that is {state} is not sent again")
        instruction_id = line.instruction_id(payout_no + 1)
        await settling_store.plan_again(connection, line, instruction_id)
        subject = f"settlement:{line.day}/{line.store_id}"
        entry = AuditEntry(actor=staff.actor, action="settlement.sent_again", subject=subject, after={"reason": reason})
        await append(connection, entry, now=real_now)
    return instruction_id
