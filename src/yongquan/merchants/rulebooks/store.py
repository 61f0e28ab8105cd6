"""Versions of rule documents: their SQL. Both kinds live alike."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from yongquan.merchants.rulebooks.reading import digest_of
from yongquan.plumbing.db import Connection

_COLUMNS = """kind, version_no, effective_month, document, digest, state, reason, proposed_by, proposed_at, decided_by,
       decided_at"""
_ALL = f"select {_COLUMNS} from merchants.rule_version where kind = %s order by version_no desc"
_ONE = f"select {_COLUMNS} from merchants.rule_version where kind = %s and version_no = %s"
_IN_FORCE = f"""
select {_COLUMNS} from merchants.rule_version where kind = %s and state = 'approved' and effective_month <= %s
 order by effective_month desc, version_no desc limit 1
"""
_ONE_WRITER = "lock table merchants.rule_version in share row exclusive mode"
_PROPOSE = """
insert into merchants.rule_version (kind, version_no, effective_month, document, digest, state, reason, proposed_by,
                                    proposed_at)
select %(kind)s, coalesce(max(version_no), 0) + 1, %(month)s, %(document)s, %(digest)s, 'proposed', %(reason)s,
       %(actor)s, %(now)s
  from merchants.rule_version where kind = %(kind)s
returning version_no
"""
_DECIDE = """
update merchants.rule_version set state = %s, decided_by = %s, decided_at = %s
 where kind = %s and version_no = %s and state = 'proposed'
"""


class RuleKind(StrEnum):
    """What the rules are for."""

    TIERS = "tiers"
    CONTRIBUTION = "contribution"


@dataclass(frozen=True, slots=True)
class NewRules:
    """A document to propose: from the first day of `effective_month` on."""

    kind: RuleKind
    effective_month: date
    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version and who made it."""

    kind: str
    version_no: int
    effective_month: date
    document: str
    digest: str
    state: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


async def rule_versions(connection: Connection, kind: RuleKind) -> list[RuleVersion]:
    """Every version, the newest first."""
    return [RuleVersion(*row) for row in await (await connection.execute(_ALL, [kind])).fetchall()]


async def rule_version(
    connection: Connection, kind: RuleKind, version_no: int, *, lock: bool = False
) -> RuleVersion | None:
    """One version, kept from changing for this transaction if `lock`."""
    query = _ONE + (" for update" if lock else "")
    row = await (await connection.execute(query.encode(), [kind, version_no])).fetchone()
    return RuleVersion(*row) if row else None


async def rules_on(connection: Connection, kind: RuleKind, month: date) -> RuleVersion | None:
    """The version in force in a business month; None: the product's first rules."""
    row = await (await connection.execute(_IN_FORCE, [kind, month])).fetchone()
    return RuleVersion(*row) if row else None


async def propose(connection: Connection, new: NewRules, *, actor: str, now: datetime) -> int:
    """Write a version down for somebody else to decide; its number. Locks the table of versions."""
    await connection.execute(_ONE_WRITER)
    values = {
        "kind": new.kind,
        "month": new.effective_month,
        "document": new.document,
        "digest": digest_of(new.document),
        "reason": new.reason,
        "actor": actor,
        "now": now,
    }
    row = await (await connection.execute(_PROPOSE, values)).fetchone()
    return int(row[0]) if row else 0


async def decide(connection: Connection, version: RuleVersion, state: str, *, actor: str, now: datetime) -> None:
    """Approve or refuse a proposed version."""
    await connection.execute(_DECIDE, [state, actor, now, version.kind, version.version_no])
