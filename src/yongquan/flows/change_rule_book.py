"""The rule book of risk: one member of staff proposes a version, another approves or refuses it."""

from datetime import datetime

from yongquan.flows.deciding import to_decide
from yongquan.kernel.reasons import require_reason
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.risk.rules import store
from yongquan.risk.rules.reading import read_book
from yongquan.staff import Role, Staff

RULE_BOOK_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
REASON_MAX = 200


async def propose_book(database: Database, staff: Staff, document: str, *, reason: str, real_now: datetime) -> int:
    """Propose a book; its version number. Raises `RuleFaults`, `BadInput`, `Forbidden`."""
    staff.require(*RULE_BOOK_ROLES)
    document = document.replace("\r\n", "\n")
    book = read_book(document)
    require_reason(reason, most=REASON_MAX)
    async with database.transaction() as connection:
        number = await store.propose(connection, document, book, reason=reason, actor=staff.actor, now=real_now)
        entry = AuditEntry(
            actor=staff.actor,
            action="rule_book.proposed",
            subject=f"rule_book:{number}",
            after={"rules": len(book.rules), "shadow": book.is_shadow, "digest": book.digest, "reason": reason},
        )
        await append(connection, entry, now=real_now)
    return number


async def decide_book(database: Database, staff: Staff, version_no: int, *, approve: bool, real_now: datetime) -> None:
    """Approve or refuse somebody else's version; approved, it judges in every process within a second.

    Raises `UnknownVersion`, `OwnVersion`, `ForbiddenMove`, `Forbidden`; `RuleFaults` if it can no longer be read.
    """
    staff.require(*RULE_BOOK_ROLES)
    state = "approved" if approve else "refused"
    async with database.transaction() as connection:
        version = to_decide(await store.book_version(connection, version_no, lock=True), staff)
        if approve:
            read_book(version.document)
        await store.decide(connection, version_no, state, actor=staff.actor, now=real_now)
        entry = AuditEntry(
            actor=staff.actor,
            action=f"rule_book.{state}",
            subject=f"rule_book:{version_no}",
            before={"state": "proposed"},
            after={"state": state, "digest": version.digest},
        )
        await append(connection, entry, now=real_now)
