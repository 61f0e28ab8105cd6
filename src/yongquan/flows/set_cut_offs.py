"""Staff put a shop on same-day settlement: it is paid at cut-offs of each day, or (none) after the day's close."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.flows.set_payout_minimum import TERMS_ROLES
from yongquan.kernel.errors import BadInput
from yongquan.payments import settling_store
from yongquan.payments.shop_statement import clock_time
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Staff

CUT_OFFS_MAX = 6
FIRST, LAST = 60, 1_410  # 01:00 to 23:30: the day before closes at 00:30
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


async def set_cut_offs(
    database: Database, staff: Staff, store_id: UUID, cut_offs: Sequence[int], *, now: datetime
) -> None:
    """Set the minutes of the day at which a shop is paid, from the next of them on. Raises `Forbidden`, `BadInput`."""
    staff.require(*TERMS_ROLES)
    wanted = sorted(set(cut_offs))
    if len(wanted) > CUT_OFFS_MAX or any(not FIRST <= minute <= LAST for minute in wanted):
        raise BadInput(f"cut-offs: at most {CUT_OFFS_MAX}, from {clock_time(FIRST)} to {clock_time(LAST)}")
    async with database.transaction() as connection:
        before = await settling_store.cut_offs_of(connection, store_id)
        await settling_store.set_cut_offs(connection, store_id, wanted)
        entry = AuditEntry(
            actor=staff.actor,
            action="settlement.cut_offs_set",
            subject=f"store:{store_id}",
            before={"at": said_times(before)},
            after={"at": said_times(wanted)},
        )
        await append(connection, entry, now=now)


def read_times(text: str) -> list[int]:
    """Times of day written like `12:00, 18:30` as minutes since midnight. Raises `BadInput`."""
    found = []
    for word in re.split(r"[\s,，、;；]+", text.strip()):
        time = _TIME.fullmatch(word)
        if word and time is None:
            raise BadInput(f"cut-offs: {word} is not a time like 12:00")
        if time:
            found.append(int(time[1]) * 60 + int(time[2]))
    return found


def said_times(minutes: Sequence[int]) -> str:
    """`12:00, 18:30`."""
    return ", ".join(clock_time(minute) for minute in minutes)
