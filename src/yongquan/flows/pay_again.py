"""A returned payout is sent again once the shop's account is right: a fresh instruction, never twice."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.settle_shops import answer_of, instruction_of
from yongquan.institutions.connectors.account_messages import ShopAccountChange, ShopOpening
from yongquan.institutions.connectors.signed_http import InstitutionRefused, SignedClient
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.reasons import require_reason
from yongquan.merchants.store import change_account
from yongquan.merchants.views import settled_to, store_of
from yongquan.payments import holds, settling_store
from yongquan.payments.settling_store import LineKey
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

PAYOUT_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)
TEXT_MAX = 200
_ACCOUNT = re.compile(r"[A-Za-z0-9-]{4,40}")


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


async def pay_again(
    desk: DayDesk, staff: Staff, line: Returned, *, reason: str, real_now: datetime, account_no: str = ""
) -> str:
    """Instruct the acquirer afresh and match its report; the line's state after it (paid, held, returned, disputed).

    With `account_no` the shop is settled to that account from now on; the acquirer is told in a signed message.

    What was begun and interrupted goes on under the same id. The acquirer still has the money: no funds are brought in.
    Raises `UnknownPayout`, `ForbiddenMove` unless the line was returned, `Forbidden`, `InstitutionRefused`.
    """
    staff.require(*PAYOUT_ROLES)
    require_reason(reason, most=TEXT_MAX)
    if account_no and not _ACCOUNT.fullmatch(account_no):
        raise BadInput("account: write 4 to 40 letters, digits and hyphens")
    instruction_id = await _plan(desk, staff, line, reason, account_no, real_now=real_now)
    async with desk.database.transaction() as connection:
        lines = await settling_store.lines_of(connection, instruction_id)
        store = await store_of(connection, line.store_id)
        place = await settled_to(connection, line.store_id)
    if store is None or place is None:
        raise UnknownPayout
    async with desk.links.client(line.acquirer) as acquirer:
        await _tell_account(acquirer, instruction_id, str(line.store_id), store.name, account_no=place[1])
        await acquirer.instruct_settlement(instruction_of(instruction_id, line.day, lines, expected_funds_fen=0))
        report = await acquirer.settlement_report(instruction_id)
    async with desk.database.transaction() as connection:
        await settling_store.mark_instructed(connection, instruction_id)
        answers = [answer_of(one) for one in report.lines]
        states = await settling_store.match(connection, instruction_id, answers, now=desk.clock.now())
    return states[0] if states else "paid"


async def _tell_account(
    acquirer: SignedClient, instruction_id: str, shop_id: str, name: str, *, account_no: str
) -> None:
    answer = await acquirer.take_on_shops([ShopOpening(shop_id=shop_id, name=name, account_no=account_no)])
    if answer.refused:
        change = ShopAccountChange(id=f"account-{instruction_id}", shop_id=shop_id, name=name, account_no=account_no)
        changed = await acquirer.change_shop_account(change)
        if changed.code != "changed":
            raise InstitutionRefused(changed.code)


async def _plan(
    desk: DayDesk, staff: Staff, line: Returned, reason: str, account_no: str, *, real_now: datetime
) -> str:
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
        if account_no:
            await _change_account(connection, staff, line.store_id, account_no, reason, real_now=real_now)
        subject = f"settlement:{line.day}/{line.store_id}"
        entry = AuditEntry(actor=staff.actor, action="settlement.sent_again", subject=subject, after={"reason": reason})
        await append(connection, entry, now=real_now)
    return instruction_id


async def _change_account(
    connection: Connection, staff: Staff, store_id: UUID, account_no: str, reason: str, *, real_now: datetime
) -> None:
    before = await change_account(connection, store_id, account_no)
    await holds.move_account(connection, store_id, account_no)
    entry = AuditEntry(
        actor=staff.actor,
        action="settlement.account_changed",
        subject=f"store:{store_id}",
        before={"account": f"**** {(before or '')[-4:]}"},
        after={"account": f"**** {account_no[-4:]}", "reason": reason},
    )
    await append(connection, entry, now=real_now)
