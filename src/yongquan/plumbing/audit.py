"""The audit log: what people changed, append-only, sealed as a Merkle tree so that no entry can be altered unseen.

A personal value (name, phone, card) goes in masked or sealed, never plain: entries are kept for good.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.plumbing.merkle import (
    Peaks,
    consistency_path,
    inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "AuditEntry",
    "Head",
    "Inclusion",
    "append",
    "first_difference",
    "prove_consistency",
    "prove_inclusion",
    "seal",
    "verify_consistency",
    "verify_inclusion",
]

# No floats: an entry must hash alike after a journey through jsonb.
Fact: TypeAlias = bool | int | str | list["Fact"] | dict[str, "Fact"] | None

# Entries are numbered in the order of their commits: the lock is held to the end of the transaction.
_LOCK = "select pg_advisory_xact_lock(20002, 0)"
_NEXT = "select coalesce(max(seq) + 1, 0) from plumbing.audit"
_INSERT = """
insert into plumbing.audit (seq, at, actor, action, subject, before, after, leaf)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_LAST_HEAD = "select size, root, peaks from plumbing.audit_head order by size desc limit 1"
_LEAVES = "select leaf from plumbing.audit where seq >= %s and seq < %s order by seq"
_ALL_AFTER = "select leaf from plumbing.audit where seq >= %s order by seq"
_SEAL = "insert into plumbing.audit_head (size, root, peaks, sealed_at) values (%s, %s, %s, %s)"
_ENTRIES = "select seq, at, actor, action, subject, before, after, leaf from plumbing.audit order by seq"
_HEADS = "select size, root from plumbing.audit_head"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change: who did what to which subject, and the facts before and after it."""

    actor: str
    action: str
    subject: str
    before: Fact = None
    after: Fact = None


@dataclass(frozen=True, slots=True)
class Head:
    """A tree head: the number of entries and their Merkle root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that entry `seq` with this leaf hash is among the first `size`."""

    seq: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]

    def holds_under(self, root: bytes) -> bool:
        """Whether the proof leads to this root."""
        return verify_inclusion(self.leaf, index=self.seq, size=self.size, path=self.path, root=root)


async def append(connection: Connection, *entries: AuditEntry, now: datetime) -> int:
    """Write entries in the caller's transaction and return the number of the first.

    Locks the log until the commit: append last. Raises `TypeError` for a float or a fact that is no JSON.
    """
    await connection.execute(_LOCK)
    row = await (await connection.execute(_NEXT)).fetchone()
    first = int(row[0]) if row else 0
    async with connection.cursor() as cursor:
        await cursor.executemany(_INSERT, [_row(first + n, now, entry) for n, entry in enumerate(entries)])
    return first


async def seal(connection: Connection, *, now: datetime) -> Head:
    """Seal what was appended since the last head; without news the last head stands."""
    await connection.execute(_LOCK)
    row = await (await connection.execute(_LAST_HEAD)).fetchone()
    peaks = Peaks(row[0], tuple(row[2])) if row else Peaks()
    new = await (await connection.execute(_ALL_AFTER, [peaks.size])).fetchall()
    if new:
        peaks = peaks.grown(leaf for (leaf,) in new)
        await connection.execute(_SEAL, [peaks.size, peaks.root, list(peaks.roots), now])
    return Head(peaks.size, peaks.root)


async def prove_inclusion(connection: Connection, *, seq: int, size: int) -> Inclusion:
    """Prove entry `seq` under the head of `size`. Raises `ValueError` if it lies outside."""
    leaves = await _leaves(connection, size)
    path = tuple(inclusion_path(leaves, seq))
    return Inclusion(seq, size, leaves[seq], path)


async def prove_consistency(connection: Connection, *, old_size: int, new_size: int) -> list[bytes]:
    """Prove that the head of `new_size` only added to the head of `old_size`. Raises `ValueError`."""
    return consistency_path(await _leaves(connection, new_size), old_size)


async def first_difference(connection: Connection) -> int | None:
    """The first entry that is not what was sealed or written, None if the whole log stands.

    A head that does not follow from its entries counts as a difference at its last entry.
    """
    heads: dict[int, bytes] = dict(await (await connection.execute(_HEADS)).fetchall())
    peaks = Peaks()
    async with connection.cursor() as cursor:
        async for seq, at, actor, action, subject, before, after, leaf in cursor.stream(_ENTRIES):
            entry = AuditEntry(actor=actor, action=action, subject=subject, before=before, after=after)
            if seq != peaks.size or leaf != leaf_hash(_canonical(seq, at, entry)):
                return peaks.size
            peaks = peaks.grown([leaf])
            if heads.pop(peaks.size, peaks.root) != peaks.root:
                return int(seq)
    return peaks.size if heads else None


async def _leaves(connection: Connection, size: int) -> Sequence[bytes]:
    rows = await (await connection.execute(_LEAVES, [0, size])).fetchall()
    if len(rows) != size:
        raise ValueError(f"the audit log has {len(rows)} entries, not {size}")
    return [leaf for (leaf,) in rows]


def _row(seq: int, now: datetime, entry: AuditEntry) -> tuple[object, ...]:
    leaf = leaf_hash(_canonical(seq, now, entry))
    before, after = (None if fact is None else Jsonb(fact) for fact in (entry.before, entry.after))
    return seq, now, entry.actor, entry.action, entry.subject, before, after, leaf


def _canonical(seq: int, at: datetime, entry: AuditEntry) -> bytes:
    _refuse_floats(entry.before)
    _refuse_floats(entry.after)
    document = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse_floats(fact: Fact) -> None:
    if isinstance(fact, dict):
        for value in fact.values():
            _refuse_floats(value)
    elif isinstance(fact, list):
        for value in fact:
            _refuse_floats(value)
    elif isinstance(fact, float):
        raise TypeError("an audit entry holds no floats: write fen, basis points or text")
