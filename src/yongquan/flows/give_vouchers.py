"""A store or an institution gives a voucher to a phone number; who is not registered yet gets it at registration."""

from datetime import datetime, timedelta
from uuid import UUID

from yongquan.citizens.sign_in import require_phone
from yongquan.citizens.store import find_by_phones
from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import bucket_from, named_id
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import Origin, RoundMode
from yongquan.vouchers.ways import gifts
from yongquan.vouchers.ways.gifts import Gift
from yongquan.vouchers.ways.pushes import OfferedType, offered_types

QUOTA_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
QUOTA_MAX = 1_000_000


class UnknownQuota(Refusal):
    """This giver has no such quota, or there is no such voucher type to give."""

    code = "not_found"


class GiftExhausted(Refusal):
    """The quota is used up."""

    code = "gift_exhausted"


class GiftNotOpen(Refusal):
    """The round of the gift is not open."""

    code = "not_open"


class QuotaAboveStock(Refusal):
    """The type's stock does not cover this quota beside the others."""

    code = "stock_short"


async def allow_gifts(
    database: Database, *, type_id: UUID, giver: str, quota: int, waits_days: int, staff: Staff, now: datetime
) -> UUID:
    """Let a giver give away so many of a type. Raises `BadInput`, `UnknownQuota`, `QuotaAboveStock`, `Forbidden`."""
    if not 1 <= quota <= QUOTA_MAX or not 1 <= waits_days <= 90:
        raise BadInput(f"quota: 1 to {QUOTA_MAX}; waits_days: 1 to 90")
    quota_id = fresh_id()
    async with database.transaction() as connection:
        type_ = await _gift_type(connection, type_id, now)
        staff.require(*QUOTA_ROLES, adcode=type_.adcode)
        covered = await gifts.save_quota(
            connection,
            quota_id,
            type_id=type_id,
            giver=giver,
            quota=quota,
            waits_days=waits_days,
            made_by=staff.actor,
            now=now,
        )
        if not covered:
            raise QuotaAboveStock
        facts: dict[str, int | str] = {"giver": giver, "quota": quota, "type": str(type_id)}
        entry = AuditEntry(actor=staff.actor, action="gifts.allowed", subject=f"gifts:{quota_id}", after={**facts})
        await append(connection, entry, now=now)
    return quota_id


async def give_voucher(
    database: Database,
    sealing: Sealing,
    *,
    giver: str,
    quota_id: UUID,
    phone: str,
    key: str,
    cells: int,
    now: datetime,
) -> Gift:
    """Give one voucher of a quota to a phone; the same key gives the same gift. `now` is business time.

    Locks the gift, its quota, then the cell's claim lock. Raises `NotAPhone`, `UnknownQuota`, `GiftNotOpen`,
    `GiftExhausted`.
    """
    require_phone(phone)
    index = sealing.index(phone, what="phone")
    bucket = bucket_from(index)
    cell, gift_id = bucket % cells, named_id("gift", giver, quota_id, index.hex(), key)
    async with database.transaction() as connection:
        found = await gifts.quotas(connection, giver=giver, quota_id=quota_id)
        if not found:
            raise UnknownQuota
        expires_at = min(now + timedelta(days=found[0].waits_days), found[0].closes_at)
        fresh = await gifts.save_gift(
            connection,
            cell,
            gift_id,
            quota_id=quota_id,
            phone_index=index,
            phone_tail=phone[-4:],
            now=now,
            expires_at=expires_at,
        )
        if fresh:
            if not found[0].is_open(now):
                raise GiftNotOpen
            if not await gifts.take_from_quota(connection, quota_id):
                raise GiftExhausted
            known = await find_by_phones(connection, [phone], sealing, cells=cells)
            if phone in known:
                gift = await gifts.gift_of(connection, cell, gift_id)
                await _deliver(connection, gift, known[phone], cells=cells, now=now)
        given = await gifts.gift_of(connection, cell, gift_id)
    if given is None:
        raise LookupError("a gift that was just written is not there")
    return given


async def deliver_gifts(
    database: Database, sealing: Sealing, *, phone: str, citizen_id: UUID, cells: int, now: datetime
) -> int:
    """Deliver what waits for the phone of a citizen who has just signed in; say how many vouchers came."""
    index, delivered = sealing.index(phone, what="phone"), 0
    async with database.transaction() as connection:
        for gift in await gifts.waiting_for(connection, bucket_from(index) % cells, index, now=now):
            delivered += await _deliver(connection, gift, citizen_id, cells=cells, now=now)
    return delivered


async def expire_gifts(database: Database, *, cells: int, now: datetime) -> int:
    """Give gifts that waited too long back to their quotas; say how many."""
    expired = 0
    for cell in range(cells):
        async with database.transaction() as connection:
            expired += await gifts.expire_gifts(connection, cell, now=now)
    return expired


async def _deliver(connection: Connection, gift: Gift | None, citizen_id: UUID, *, cells: int, now: datetime) -> bool:
    if gift is None:
        raise LookupError("a gift that is being delivered is not there")
    grant = Grant(citizen_id, gift.type_id, named_id("gift", gift.gift_id))
    (granted,) = await grant_vouchers(connection, [grant], origin=Origin.GIFT, cells=cells, now=now)
    if granted.voucher_id is None:
        await gifts.give_back(connection, gift.quota_id)
    state = "delivered" if granted.voucher_id else "undeliverable"
    await gifts.end_gift(connection, gift, state=state, citizen_id=citizen_id, voucher_id=granted.voucher_id, now=now)
    return granted.voucher_id is not None


async def _gift_type(connection: Connection, type_id: UUID, now: datetime) -> OfferedType:
    for type_ in await offered_types(connection, RoundMode.GIFT, places=None, now=now):
        if type_.type_id == type_id:
            return type_
    raise UnknownQuota("gifts come from a published round of mode gift")
