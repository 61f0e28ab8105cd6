"""A surveyor in a shop scans its code, enters the terminal's serial, and the two are bound to the store."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.flows.recruit_provider import require_at_work
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.tasks.bindings import Binding, binding_of_terminal, bindings_of_store, write_binding
from yongquan.merchants.tasks.model import NOTE_MAX, ForbiddenTaskStep, TaskState, UnknownTask
from yongquan.merchants.tasks.store import task_of
from yongquan.payments.emvco import CodeMalformed, read_merchant_code
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing

_SERIAL: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{3,31}")


class CodeOfAnotherStore(Refusal):
    """The code that was scanned belongs to another store: nothing is bound."""

    code = "code_of_another_store"


class NotATerminal(Refusal):
    """A terminal's serial has 4 to 32 letters, digits and hyphens."""

    code = "not_a_terminal"


class BoundElsewhere(Refusal):
    """The terminal stands at another store: binding it here needs a reason."""

    code = "bound_elsewhere"


@dataclass(frozen=True, slots=True)
class Scan:
    """What was scanned and typed at a task's store."""

    task_id: UUID
    code: str
    terminal_no: str
    reason: str = ""


async def bind_terminal(
    database: Database, sealing: Sealing, surveyor_id: UUID, scan: Scan, *, now: datetime
) -> Binding:
    """Bind a terminal to the store of an own task that is under way. The same again changes nothing.

    A terminal that stands elsewhere moves with a reason; its old binding stays as a trace. Takes the terminal's
    turn. Raises `UnknownTask`, `ForbiddenTaskStep`, `CodeMalformed`, `CodeOfAnotherStore`, `NotATerminal`,
    `BoundElsewhere`, `NotAtWork`.
    """
    serial = scan.terminal_no.strip().upper()
    if not _SERIAL.fullmatch(serial):
        raise NotATerminal
    code = scan.code.strip()
    named = read_merchant_code(code).store_id
    if named is None:
        raise CodeMalformed("this is an order's code: scan the one on the sticker")
    async with database.transaction() as connection:
        person = await require_at_work(connection, surveyor_id, sealing, now=now)
        task = await task_of(connection, scan.task_id, lock=True)
        if task is None or task.surveyor_id != surveyor_id or task.store_id is None:
            raise UnknownTask
        if task.state is not TaskState.UNDER_WAY:
            raise ForbiddenTaskStep("start the task first")
        if named != task.store_id:
            raise CodeOfAnotherStore
        present = await binding_of_terminal(connection, serial)
        if present is not None and present.store_id == task.store_id:
            return present
        reason = scan.reason.strip()[:NOTE_MAX]
        if present is not None and not reason:
            raise BoundElsewhere(store=present.store_name)
        replaces = present.binding_id if present else None
        binding_id = named_id("binding", serial, task.task_id, replaces)
        await write_binding(
            connection,
            binding_id,
            task.store_id,
            serial,
            code=code,
            task_id=task.task_id,
            by=person.actor,
            replaces=replaces,
            reason=reason if present else "",
            now=now,
        )
        entry = AuditEntry(
            actor=person.actor,
            action="bindings.moved" if present else "bindings.bound",
            subject=f"store:{task.store_id}",
            before={"store": str(present.store_id)} if present else None,
            after={"terminal": serial, "store": str(task.store_id), "reason": reason},
        )
        made = (await bindings_of_store(connection, task.store_id))[0]
        await append(connection, entry, now=now)
    return made
