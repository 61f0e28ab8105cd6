"""A store, a terminal or a gang looks bad: the acquirers concerned are told, each of its own stores alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from yongquan.merchants.views import acquirers_of
from yongquan.plumbing.db import Connection
from yongquan.risk.warnings.model import Fact, NewWarning, SubjectKind, WarningKind, WarningLevel
from yongquan.risk.warnings.publishing import publish_warning

STORES_TOLD_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What was found. `facts` are figures of all of it, told only if one institution alone is concerned.

    `accounts` are accounts or cards by their issuer, as they may be shown (`6217****1234`); each issuer reads its own.
    """

    key: str
    kind: WarningKind
    subject_kind: SubjectKind
    subject: str
    stores: Sequence[UUID]
    level: WarningLevel
    reasons: tuple[str, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    accounts: Mapping[str, Sequence[str]] = field(default_factory=dict)


async def warn_institutions(connection: Connection, found: Suspicion, *, now: datetime) -> UUID | None:
    """Publish a warning to everybody it concerns, once for its key; None if nobody here is concerned."""
    told: dict[str, dict[str, Fact]] = defaultdict(dict)
    own: dict[str, list[tuple[UUID, str]]] = defaultdict(list)
    for store_id, (name, acquirer) in (await acquirers_of(connection, found.stores)).items():
        own[acquirer].append((store_id, name))
    for acquirer, stores in own.items():
        listed = stores[:STORES_TOLD_MAX]
        told[acquirer] |= {"stores": [name for _, name in listed], "store_ids": [str(id_) for id_, _ in listed]}
    for issuer, accounts in found.accounts.items():
        told[issuer] |= {"accounts": sorted(accounts)[:STORES_TOLD_MAX]}
    if not told:
        return None
    if len(told) == 1:
        told = {institution: dict(found.facts) | facts for institution, facts in told.items()}
    new = NewWarning(
        key=found.key,
        kind=found.kind,
        subject_kind=found.subject_kind,
        subject=found.subject,
        level=found.level,
        reasons=found.reasons,
        told=told,
    )
    return await publish_warning(connection, new, now=now)
