"""Make codes in bulk: the file holds them once, the database only their keyed hashes."""

import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff
from yongquan.vouchers.store import types_by_id, types_of
from yongquan.vouchers.ways import codes_store
from yongquan.vouchers.ways.codes import fresh_codes, shown

CODE_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
COUNT_MAX = 5_000_000
CHUNK = 20_000


class UnknownBatch(Refusal):
    """There is no such batch, or it is not this person's business."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class MadeCodes:
    """A batch that is ready, and how long its making took, from the first code to the commit."""

    batch_id: UUID
    count: int
    seconds: float


async def generate_codes(
    database: Database,
    sealing: Sealing,
    *,
    round_id: UUID,
    type_id: UUID | None,
    count: int,
    out: Path,
    name: str,
    actor: str,
    now: datetime,
    tell: Callable[[int], None],
) -> MadeCodes:
    """Write `count` codes to a new CSV and their hashes to the database, in one transaction.

    `tell` hears how many are done. Raises `BadInput` for a round of another mode, and for a file that is there already.
    """
    if not 1 <= count <= COUNT_MAX:
        raise BadInput(f"--count {count}: give 1 to {COUNT_MAX}")
    started, batch_id = time.perf_counter(), fresh_id()
    try:
        with _fresh_file(out) as file:
            async with database.transaction() as connection:
                chosen = await _chosen_type(connection, round_id, type_id)
                opened = await codes_store.new_batch(
                    connection, batch_id, type_id=chosen, name=name, size=count, made_by=actor, now=now
                )
                _require(opened, f"--round {round_id}: this round is not of mode code")
                over = await codes_store.over_bound(connection, round_id)
                _require(not over, f"--count {count}: {over} more than the round's document allows")
                csv.writer(file).writerow(["code"])
                written = _written(file.write, sealing, count, tell)
                await codes_store.add_codes(connection, batch_id, written)
                await codes_store.move_batch(connection, batch_id, origins=["making"], to="active")
                facts: dict[str, int | str] = {"count": count, "type": str(chosen)}
                entry = AuditEntry(actor=actor, action="codes.made", subject=f"codes:{batch_id}", after={**facts})
                await append(connection, entry, now=now)
    except FileExistsError as error:
        raise BadInput(f"--out {out}: there is such a file already; codes are never written over") from error
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror})") from error
    except BaseException:
        _forget(out)
        raise
    return MadeCodes(batch_id, count, time.perf_counter() - started)


def _fresh_file(out: Path) -> TextIO:
    file = out.open("x", newline="")
    out.chmod(0o600)
    return file


def _forget(out: Path) -> None:
    out.unlink(missing_ok=True)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadInput(otherwise)


async def stop_codes(database: Database, batch_id: UUID, *, staff: Staff, reason: str, now: datetime) -> None:
    """Let nobody redeem from a batch; vouchers it gave stay. Raises `UnknownBatch`, `Forbidden`, `BadInput`."""
    if not 1 <= len(reason) <= 200:
        raise BadInput("the reason has 1 to 200 characters")
    async with database.transaction() as connection:
        found = await codes_store.batches_for_desk(connection, places=None, batch_id=batch_id)
        if not found:
            raise UnknownBatch
        staff.require(*CODE_ROLES, adcode=found[0].adcode)
        if await codes_store.move_batch(connection, batch_id, origins=["active"], to="stopped"):
            entry = AuditEntry(
                actor=staff.actor, action="codes.stopped", subject=f"codes:{batch_id}", after={"reason": reason}
            )
            await append(connection, entry, now=now)


def _written(
    write: Callable[[str], object], sealing: Sealing, count: int, tell: Callable[[int], None]
) -> Iterator[bytes]:
    """The hash of each new code, which has just been written to the file."""
    for done, code in enumerate(fresh_codes(count), 1):
        write(f"{shown(code)}\r\n")
        yield sealing.index(code, what="voucher code")
        if done % CHUNK == 0 or done == count:
            tell(done)


async def _chosen_type(connection: Connection, round_id: UUID, type_id: UUID | None) -> UUID:
    if type_id is not None:
        found = await types_by_id(connection, {type_id})
        if not found or found[0].round_id != round_id:
            raise BadInput(f"--type {type_id}: no such voucher type in round {round_id}")
        return type_id
    types = await types_of(connection, [round_id])
    if not types:
        raise BadInput(f"--round {round_id}: there is no such round")
    if len(types) > 1:
        raise BadInput(f"--round {round_id}: it has {len(types)} voucher types; name one with --type")
    return types[0].type_id
