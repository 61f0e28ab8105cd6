"""Groups of the grids: opened for grids in force, one owner posts, shops of the grid reply."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.flows.space_parties import SPACE_ROLES, NotInSpace, checked, reader_of
from yongquan.kernel.ids import named_id
from yongquan.merchants.grid_groups import store as groups
from yongquan.merchants.grid_groups.model import POST_MAX, REPLY_MAX, GridGroup
from yongquan.merchants.grids.store import version_on
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Forbidden, Staff


async def open_groups(
    database: Database,
    staff: Staff,
    *,
    codes: Sequence[str] | None = None,
    places: Sequence[str] | None,
    now: datetime,
) -> int:
    """Open groups for the grids in force that have none, owned by whoever opens them; how many were opened.

    Raises `Forbidden`, `NotInSpace` where no grids are in force.
    """
    for adcode in places if places is not None else [None]:
        staff.require(*SPACE_ROLES, adcode=adcode)
    async with database.transaction() as connection:
        version_no = await version_on(connection, business_day(now))
        if version_no is None:
            raise NotInSpace
        count = await groups.open_groups(
            connection, version_no, codes=codes, places=places, owner=staff.actor, by=staff.actor, now=now
        )
        if count:
            await append(connection, _entry(staff, "opened", "grids", {"groups": count}), now=now)
    return count


async def give_group(database: Database, staff: Staff, code: str, owner: str, *, now: datetime) -> None:
    """Give a group another owner. Raises `NotInSpace`, `Forbidden`."""
    async with database.transaction() as connection:
        found = await _found(connection, staff, code)
        if found.owner != owner:
            await groups.give_to(connection, code, owner)
            facts: dict[str, Fact] = {"owner": owner}
            await append(connection, _entry(staff, "given", code, facts), now=now)


async def post_in_group(database: Database, staff: Staff, code: str, *, body: str, key: str, now: datetime) -> UUID:
    """Its owner writes to a group. Raises `BadField`, `NotInSpace`, `Forbidden` for everybody else."""
    body = checked("body", body, longest=POST_MAX)
    post_id = named_id("group-post", staff.actor, key)
    async with database.transaction() as connection:
        found = await _found(connection, staff, code)
        if found.owner != staff.actor:
            raise Forbidden("only the group's owner posts in it")
        if await groups.add_post(connection, post_id, code=code, author=staff.actor, body=body, now=now):
            await append(connection, _entry(staff, "posted", code, {"post": str(post_id)}), now=now)
    return post_id


async def reply_in_group(
    database: Database, store_id: UUID, post_id: UUID, *, body: str, key: str, now: datetime
) -> UUID:
    """A shop answers a post of its grid's group. Raises `BadField`, `NotInSpace`."""
    body = checked("body", body, longest=REPLY_MAX)
    reply_id = named_id("group-reply", store_id, key)
    async with database.transaction() as connection:
        reader = await reader_of(connection, store_id, now=now)
        posts = {post.post_id for post in await groups.posts_of(connection, reader.grid or "")}
        if post_id not in posts:
            raise NotInSpace
        await groups.add_reply(
            connection, reply_id, code=reader.grid or "", post_id=post_id, store_id=store_id, body=body, now=now
        )
    return reply_id


async def take_off(
    database: Database, staff: Staff, code: str, *, post_id: UUID | None, reply_id: UUID | None, now: datetime
) -> None:
    """Take a post or a reply off. Raises `NotInSpace`, `Forbidden`."""
    async with database.transaction() as connection:
        await _found(connection, staff, code)
        facts: dict[str, Fact] = {}
        if post_id is not None and await groups.remove_post(connection, post_id, code=code, now=now):
            facts["post"] = str(post_id)
        if reply_id is not None and await groups.remove_reply(connection, reply_id, code=code, now=now):
            facts["reply"] = str(reply_id)
        if facts:
            await append(connection, _entry(staff, "taken_off", code, facts), now=now)


async def _found(connection: Connection, staff: Staff, code: str) -> GridGroup:
    found = await groups.grid_group(connection, code)
    if found is None:
        raise NotInSpace
    staff.require(*SPACE_ROLES, adcode=found.adcode)
    return found


def _entry(staff: Staff, act: str, code: str, after: dict[str, Fact]) -> AuditEntry:
    return AuditEntry(actor=staff.actor, action=f"group.{act}", subject=f"group:{code}", after=after)
