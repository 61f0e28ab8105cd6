"""The system gives vouchers that a draw, a list, a code or a gift promised: stock, ledger and outbox as in a claim."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import Origin, VoucherType
from yongquan.vouchers.store import types_by_id
from yongquan.vouchers.validity import Validity

_GRANT = """
select ord, outcome, (earlier ->> 'voucher_id')::uuid
  from flows.claim_vouchers(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, null, %s)
"""
_CODES = {"claimed": "granted", "not_open": "not_published"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One voucher for one citizen. An event gives a citizen one voucher of a type, however often it is repeated.

    `platform` is the institution whose app it comes through, None our own.
    """

    citizen_id: UUID
    type_id: UUID
    event: UUID
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """`code` is granted, again (this event gave it before), sold_out, blocked or not_published."""

    code: str
    voucher_id: UUID | None = None


async def grant_vouchers(
    connection: Connection, grants: Sequence[Grant], *, origin: Origin, cells: int, now: datetime
) -> list[Granted]:
    """Give vouchers in the caller's transaction; outcomes in order. No window, condition or cap is asked.

    Takes each cell's claim lock, cells ascending, and keeps it until the commit: give thousands at a time, not more.
    """
    types = {t.type_id: t for t in await types_by_id(connection, {grant.type_id for grant in grants})}
    outcomes: dict[Grant, Granted] = {}
    by_cell: dict[int, list[Grant]] = defaultdict(list)
    for grant in dict.fromkeys(grants):
        if grant.type_id in types:
            by_cell[cell_of(grant.citizen_id, cells)].append(grant)
        else:
            outcomes[grant] = Granted("not_published")
    for cell, mine in sorted(by_cell.items()):
        outcomes |= await _grant_in(connection, cell, mine, types=types, origin=origin, cells=cells, now=now)
    return [outcomes[grant] for grant in grants]


async def _grant_in(
    connection: Connection,
    cell: int,
    grants: list[Grant],
    *,
    types: Mapping[UUID, VoucherType],
    origin: Origin,
    cells: int,
    now: datetime,
) -> dict[Grant, Granted]:
    outcomes: dict[Grant, Granted] = {}
    waiting = grants
    while waiting:
        fresh = [fresh_id(bucket_of(grant.citizen_id)) for grant in waiting]
        arguments = _arguments(waiting, types, now)
        platforms = [grant.platform for grant in waiting] if any(grant.platform for grant in waiting) else None
        cursor = await connection.execute(
            _GRANT, [cell, cells, now, *arguments[:3], fresh, *arguments[3:], [None] * len(waiting), origin, platforms]
        )
        again: list[Grant] = []
        for ord_, code, earlier in await cursor.fetchall():
            grant = waiting[ord_ - 1]
            if code == "retry":  # this cell has just taken stock from another
                again.append(grant)
            else:
                voucher_id = fresh[ord_ - 1] if code == "claimed" else earlier
                outcomes[grant] = Granted(_CODES.get(code) or str(code), voucher_id)
        waiting = again
    return outcomes


def _arguments(
    grants: Iterable[Grant], types: Mapping[UUID, VoucherType], now: datetime
) -> tuple[list[object], list[object], list[object], list[object], list[object], list[object], list[object]]:
    """Columns in step: citizen, round, type; key, hash of the promise, valid from, valid until."""
    windows = {
        type_id: Validity(type_.valid_from, type_.valid_until, type_.valid_days).window(now.replace(microsecond=0))
        for type_id, type_ in types.items()
    }
    rows = [
        (
            *(g.citizen_id, types[g.type_id].round_id, g.type_id),
            *(named_id("grant", g.event, g.type_id), named_id("granted", g.type_id), *windows[g.type_id]),
        )
        for g in grants
    ]
    citizen, round_, type_, key, hash_, starts, until = (list(column) for column in zip(*rows, strict=True))
    return citizen, round_, type_, key, hash_, starts, until
