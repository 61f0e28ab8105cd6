"""Shops join and leave the pool; holders look within their grant, save a version, and use it as a shop group."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec

from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.kernel.reasons import require_reason
from yongquan.merchants.groups import ShopGroup, save_group
from yongquan.merchants.pool import SMALL, TEXT_NO, Bounds, NotInPool, PoolClosed, TooFewShops, Wanted
from yongquan.merchants.pool import store as pool
from yongquan.merchants.pool.model import NAME_MAX, told
from yongquan.merchants.pool.store import Consent, PoolShop, PoolVersion
from yongquan.payments.pool_uses import PoolUse, uses_of_group
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, Staff

GRANT_ROLES = (Role.OPERATOR, Role.ADMIN, Role.BUREAU_OFFICER)
REASON_MAX = 200
LISTED = 200


class KeyUsed(Refusal):
    """The key named another filter before."""

    code = "conflicting_request"


@dataclass(frozen=True, slots=True)
class Found:
    """What a filter finds as its holder may read it: None is fewer than `SMALL`, and then nothing is listed."""

    shops: int | None
    by_division: dict[str, int | None]
    by_industry: dict[str, int | None]
    listed: list[PoolShop]
    month: date | None


@dataclass(frozen=True, slots=True)
class Saving:
    """A choice to save: under a name, once a key, by somebody for a holder."""

    holder: str
    name: str
    wanted: Wanted
    key: str
    actor: str


async def set_consent(
    database: Database, store_id: UUID, *, agreed: bool, text_no: int = TEXT_NO, now: datetime
) -> list[Consent]:
    """A shop joins the pool (to the wording in use) or leaves it; the same again changes nothing.

    Leaving takes it out of every shop group that was made of the pool, so it is in no payment's rules from then on.
    """
    if agreed and text_no != TEXT_NO:
        raise BadInput(f"text_no: the wording in use is {TEXT_NO}")
    actor = f"store:{store_id}"
    async with database.transaction() as connection:
        if agreed:
            await pool.consent(connection, store_id, text_no, actor=actor, now=now)
        else:
            await pool.withdraw(connection, store_id, actor=actor, now=now)
        return await pool.consents_of(connection, store_id)


async def grant_pool(
    database: Database, staff: Staff, holder: str, bounds: Bounds, *, reason: str, now: datetime
) -> None:
    """Open the pool to an institution or a bureau, within bounds. `now` is real. Raises `BadInput`, `Forbidden`.

    A grant takes the place of the one before.
    """
    staff.require(*GRANT_ROLES)
    _require_reason(reason)
    async with database.transaction() as connection:
        if holder not in await parties(connection):
            raise BadInput(f"holder: {holder} is no institution and no bureau")
        await pool.grant(connection, fresh_id(), holder, bounds, reason=reason, actor=staff.actor, now=now)
        facts: dict[str, Fact] = {"reason": reason}
        facts["adcodes"] = None if bounds.adcodes is None else list(bounds.adcodes)
        facts["industries"] = None if bounds.industries is None else list(bounds.industries)
        await append(connection, _entry(staff.actor, "granted", holder, facts), now=now)


async def revoke_pool(database: Database, staff: Staff, holder: str, *, reason: str, now: datetime) -> None:
    """Close the pool to a holder: it looks and saves no more. Raises `NotInPool`, `Forbidden`, `BadInput`."""
    staff.require(*GRANT_ROLES)
    _require_reason(reason)
    async with database.transaction() as connection:
        if not await pool.revoke(connection, holder, actor=staff.actor, now=now):
            raise NotInPool
        await append(connection, _entry(staff.actor, "revoked", holder, {"reason": reason}), now=now)


async def look_at_pool(connection: Connection, holder: str, wanted: Wanted) -> Found:
    """What a filter finds. Raises `PoolClosed`."""
    bounds = await require_open(connection, holder)
    month = await pool.graded_month(connection)
    rows = await pool.count_by(connection, bounds, wanted, month)
    total = sum(row[2] for row in rows)
    divisions: dict[str, int] = {}
    industries: dict[str, int] = {}
    for adcode, industry, count in rows:
        divisions[adcode] = divisions.get(adcode, 0) + count
        industries[industry] = industries.get(industry, 0) + count
    listed = await pool.shops_found(connection, bounds, wanted, month, limit=LISTED) if total >= SMALL else []
    return Found(
        told(total),
        {name: told(count) for name, count in sorted(divisions.items())},
        {name: told(count) for name, count in sorted(industries.items())},
        listed,
        month,
    )


async def squares_of_pool(
    connection: Connection, holder: str, wanted: Wanted, *, step: float
) -> list[tuple[float, float, int | None]]:
    """What a filter finds by squares of the map; a square with few shops is told as None. Raises `PoolClosed`."""
    bounds = await require_open(connection, holder)
    month = await pool.graded_month(connection)
    squares = await pool.squares_found(connection, bounds, wanted, month, step=step)
    total = sum(square[2] for square in squares)
    return [] if total < SMALL else [(lon, lat, told(count)) for lon, lat, count in squares]


async def save_pool(database: Database, saving: Saving, *, now: datetime) -> PoolVersion:
    """Save what a filter finds now as the next version under a name, and make it a shop group that campaigns name.

    The same key again answers the version it made. Raises `PoolClosed`, `TooFewShops`, `KeyUsed`, `BadInput`.
    """
    name = saving.name.strip()
    if not 1 <= len(name) <= NAME_MAX:
        raise BadInput(f"name: 1 to {NAME_MAX} characters")
    version_id = named_id("pool-version", saving.holder, saving.key)
    async with database.transaction() as connection:
        bounds = await require_open(connection, saving.holder)
        number = await pool.next_version_no(connection, saving.holder, name)
        before = await pool.version_of(connection, version_id)
        if before is not None:
            if (before.pool, before.wanted) != (name, saving.wanted):
                raise KeyUsed
            return before
        month = await pool.graded_month(connection)
        members = [s.store_id for s in await pool.shops_found(connection, bounds, saving.wanted, month)]
        if len(members) < SMALL:
            raise TooFewShops
        group = f"pool-{saving.holder}-{named_id(name).hex[:6]}-v{number}"
        digest = _digest(saving.wanted, members)
        facts = (version_id, saving.holder, name, number, group, saving.wanted, month)
        version = PoolVersion(*facts, len(members), digest, saving.actor, now)
        await pool.save_version(connection, version, members)
        await save_group(connection, ShopGroup(group, f"{name} 第{number}版", f"pool {number}"), members)
        entry = _entry(saving.actor, "saved", saving.holder, {"group": group, "pieces": len(members), "sha": digest})
        await append(connection, entry, now=now)
    return version


async def version_for(connection: Connection, holder: str, version_id: UUID) -> PoolVersion:
    """A holder's own version. Raises `NotInPool`."""
    found = await pool.version_of(connection, version_id)
    if found is None or found.holder != holder:
        raise NotInPool
    return found


async def uses_of_version(connection: Connection, version: PoolVersion) -> list[PoolUse]:
    """Redemptions of the holder's own campaigns at a version's shops, by day."""
    return await uses_of_group(connection, version.group_code, version.holder)


async def require_open(connection: Connection, holder: str) -> Bounds:
    """What a holder may see. Raises `PoolClosed`."""
    bounds = await pool.bounds_of(connection, holder)
    if bounds is None:
        raise PoolClosed
    return bounds


def _digest(wanted: Wanted, members: list[UUID]) -> str:
    text = msgspec.json.encode(wanted, order="deterministic") + b"".join(member.bytes for member in sorted(members))
    return hashlib.sha256(text).hexdigest()


def _require_reason(reason: str) -> None:
    require_reason(reason, most=REASON_MAX)


def _entry(actor: str, act: str, holder: str, after: dict[str, Fact]) -> AuditEntry:
    return AuditEntry(actor=actor, action=f"pool.{act}", subject=f"pool:{holder}", after=after)
