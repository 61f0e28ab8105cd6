"""Staff put a shop on same-day settlement: it is paid at cut-offs of each day, or (none) after the day's close."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.flows.set_payout_minimum import TERMS_ROLES
from yongquan.kernel.errors import BadInput
from yongquan.merchants.views import settled_to
from yongquan.payments import settling_store
from yongquan.payments.same_day_offers import FIRST_CUT, LAST_CUT, offers
from yongquan.payments.shop_statement import clock_time
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff

CUT_OFFS_MAX = 6
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


async def set_cut_offs(
    database: Database, staff: Staff, store_id: UUID, cut_offs: Sequence[int], *, now: datetime
) -> None:
    """Set the minutes of the day at which a shop is paid, from the next of them on. Raises `Forbidden`, `BadInput`."""
    staff.require(*TERMS_ROLES)
    await put_cut_offs(database, store_id, cut_offs, actor=staff.actor, now=now)


async def put_cut_offs(
    database: Database, store_id: UUID, cut_offs: Sequence[int], *, actor: str, now: datetime
) -> None:
    """Set a shop's cut-offs, all of which its acquirer must offer. Raises `BadInput`."""
    wanted = sorted(set(cut_offs))
    if len(wanted) > CUT_OFFS_MAX or any(not FIRST_CUT <= minute <= LAST_CUT for minute in wanted):
        raise BadInput(f"cut-offs: at most {CUT_OFFS_MAX}, from {clock_time(FIRST_CUT)} to {clock_time(LAST_CUT)}")
    async with database.transaction() as connection:
        await _require_offered(connection, store_id, wanted)
        before = await settling_store.cut_offs_of(connection, store_id)
        await settling_store.set_cut_offs(connection, store_id, wanted)
        entry = AuditEntry(
            actor=actor,
            action="settlement.cut_offs_set",
            subject=f"store:{store_id}",
            before={"at": said_times(before)},
            after={"at": said_times(wanted)},
        )
        await append(connection, entry, now=now)


async def _require_offered(connection: Connection, store_id: UUID, wanted: Sequence[int]) -> None:
    account = await settled_to(connection, store_id)
    if account is None:
        raise BadInput(f"there is no store {store_id}")
    acquirer, _ = account
    offer = (await offers(connection)).get(acquirer)
    if not wanted or offer is None:
        return
    if not offer.is_offered:
        raise BadInput(f"cut-offs: {acquirer} offers no same-day settlement")
    if not offer.takes(wanted[-1]):
        raise BadInput(f"cut-offs: {acquirer} settles at {clock_time(offer.last_cut)} at the latest")


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
