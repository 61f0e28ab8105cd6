"""People put the library right: a merge is taken back, a pair the matcher would not decide is decided."""

from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.import_merchants import LIBRARY_ROLES, Facts
from yongquan.flows.screen_library import Library, rescore
from yongquan.kernel.reasons import require_reason
from yongquan.merchants.library import curating, store, views
from yongquan.merchants.library.curating import Pair
from yongquan.merchants.library.model import Merge, MergeUndone, NearState, NearTaken, UnknownShop
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Staff

HELD = timedelta(minutes=15)
WHY_MAX = 200


async def split_merge(library: Library, staff: Staff, merge_id: UUID, *, why: str, now: datetime) -> UUID:
    """Take a merge back: its rows that are still there return to the shop they came from; that shop's id.

    What the other shop learned since stays with it, and no import joins the two again. Locks the library.
    Raises `UnknownShop`, `MergeUndone`, `BadInput`, `Forbidden`.
    """
    staff.require(*LIBRARY_ROLES)
    require_reason(why, most=WHY_MAX)
    async with library.database.transaction() as connection:
        await store.change_library(connection)
        past = await views.merge_of(connection, merge_id)
        if past is None:
            raise UnknownShop
        here = await curating.standing_in(connection, past.merge.into_shop)
        rows = await curating.rows_still_in(connection, here, past.merge.row_ids) if here else []
        beside = await curating.row_beside(connection, here, rows) if here and rows else None
        if past.undone_at is not None or here is None or beside is None:
            raise MergeUndone
        back = past.merge.from_shop
        await curating.take_out(connection, back, rows, now=now)
        await curating.relink(connection, [here, back])
        await curating.mark_undone(connection, merge_id, actor=staff.actor, why=why, now=now)
        await curating.say_of_pair(connection, rows[0], beside, NearState.DIFFERENT, actor=staff.actor, now=now)
        await rescore(library, connection, [here, back], now=now)
        facts: Facts = {"from": str(here), "rows": len(rows), "reason": why}
        await append(connection, _entry(staff.actor, "split", f"shop:{back}", facts), now=now)
    return back


async def take_pair(library: Library, staff: Staff, *, now: datetime) -> Pair | None:
    """The next pair for a person, held 15 minutes; None if there is none. Raises `Forbidden`."""
    staff.require(*LIBRARY_ROLES)
    async with library.database.transaction() as connection:
        return await curating.next_pair(connection, staff.actor, now=now, until=now + HELD)


async def decide_pair(library: Library, staff: Staff, near_id: UUID, state: NearState, *, now: datetime) -> None:
    """Say of a pair that one holds whether it is one shop. A repeat of the same word changes nothing.

    Locks the library. Raises `UnknownShop`, `NearTaken`, `Forbidden`.
    """
    staff.require(*LIBRARY_ROLES)
    async with library.database.transaction() as connection:
        await store.change_library(connection)
        pair = await curating.pair_of(connection, near_id)
        if pair is None:
            raise UnknownShop
        if pair.decided_by == staff.actor and pair.state is state:
            return
        _require_held(pair, staff, now)
        await curating.decide_pair(connection, near_id, state, actor=staff.actor, now=now)
        if state is NearState.SAME and pair.one_shop != pair.other_shop:
            await _make_one(library, connection, pair, staff, now=now)
        facts: Facts = {"decision": state.value, "one": str(pair.one_shop), "other": str(pair.other_shop)}
        await append(connection, _entry(staff.actor, "pair_decided", f"near:{near_id}", facts), now=now)


def _require_held(pair: Pair, staff: Staff, now: datetime) -> None:
    held = pair.claimed_by == staff.actor and pair.claimed_until is not None and pair.claimed_until > now
    if pair.state not in (NearState.OPEN, NearState.UNSURE) or not held:
        raise NearTaken


async def _make_one(library: Library, connection: Connection, pair: Pair, staff: Staff, *, now: datetime) -> None:
    """The shop that is a store of ours stays; else the older one."""
    cards = await views.shop_cards(connection, [pair.one_shop, pair.other_shop])
    into, gone = sorted(cards.values(), key=lambda card: (card.store_id is None, card.made_at, card.shop_id))
    rows = await curating.rows_of(connection, gone.shop_id)
    merge = Merge(fresh_id(), into.shop_id, gone.shop_id, rows, pair.near.score, pair.near.reasons, staff.actor)
    await curating.merge_by_hand(connection, merge, now=now)
    await rescore(library, connection, [into.shop_id], now=now)


def _entry(actor: str, act: str, subject: str, after: Facts) -> AuditEntry:
    return AuditEntry(actor=actor, action=f"library.{act}", subject=subject, after=after)
