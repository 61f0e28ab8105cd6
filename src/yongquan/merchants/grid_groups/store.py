"""SQL of the grids' groups."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from yongquan.merchants.grid_groups.model import GridGroup, Post, Reply
from yongquan.plumbing.db import Connection

POSTS_SHOWN = 30
_OPEN = """
insert into merchants.grid_group (code, adcode, owner, opened_by, opened_at)
select g.code, g.adcode, %(owner)s, %(by)s, %(now)s from merchants.grid g
 where g.version_no = %(version)s and (%(codes)s::text[] is null or g.code = any (%(codes)s))
   and (%(places)s::text[] is null or g.adcode = any (%(places)s))
    on conflict (code) do nothing
"""
_OWN = "update merchants.grid_group set owner = %s where code = %s"
_GROUPS = """
select g.code, g.adcode, g.owner, g.opened_at, count(distinct p.post_id), count(r.reply_id), max(p.posted_at)
  from merchants.grid_group g
  left join merchants.group_post p on p.code = g.code and p.removed_at is null
  left join merchants.group_reply r on r.post_id = p.post_id and r.removed_at is null
 where (%(code)s::text is null or g.code = %(code)s) and (%(places)s::text[] is null or g.adcode = any (%(places)s))
 group by g.code order by g.code
"""
_POST = """
insert into merchants.group_post (post_id, code, author, body, posted_at) values (%s, %s, %s, %s, %s)
    on conflict do nothing
"""
_POSTS = f"""
select post_id, code, author, body, posted_at from merchants.group_post
 where code = %s and removed_at is null order by posted_at desc limit {POSTS_SHOWN}
"""
_REPLY = """
insert into merchants.group_reply (reply_id, post_id, store_id, body, replied_at)
select %s, p.post_id, %s, %s, %s from merchants.group_post p
 where p.post_id = %s and p.code = %s and p.removed_at is null
    on conflict do nothing
"""
_REPLIES = """
select r.reply_id, r.post_id, r.store_id, s.name, r.body, r.replied_at
  from merchants.group_reply r join merchants.store s on s.store_id = r.store_id
 where r.post_id = any (%s) and r.removed_at is null order by r.replied_at
"""
_REMOVE_POST = "update merchants.group_post set removed_at = %s where post_id = %s and code = %s and removed_at is null"
_REMOVE_REPLY = """
update merchants.group_reply r set removed_at = %s from merchants.group_post p
 where r.reply_id = %s and p.post_id = r.post_id and p.code = %s and r.removed_at is null
"""


async def open_groups(
    connection: Connection,
    version_no: int,
    *,
    codes: Sequence[str] | None,
    places: Sequence[str] | None,
    owner: str,
    by: str,
    now: datetime,
) -> int:
    """Open a group for each grid of a version that has none (only of these codes and divisions); how many were."""
    values = {
        "version": version_no,
        "codes": None if codes is None else list(codes),
        "places": None if places is None else list(places),
        "owner": owner,
        "by": by,
        "now": now,
    }
    return (await connection.execute(_OPEN, values)).rowcount


async def grid_groups(connection: Connection, *, places: Sequence[str] | None = None) -> Sequence[GridGroup]:
    """Every group of some divisions (None: of all), by code."""
    values = {"code": None, "places": None if places is None else list(places)}
    return [GridGroup(*row) for row in await (await connection.execute(_GROUPS, values)).fetchall()]


async def grid_group(connection: Connection, code: str) -> GridGroup | None:
    """One group."""
    row = await (await connection.execute(_GROUPS, {"code": code, "places": None})).fetchone()
    return GridGroup(*row) if row else None


async def give_to(connection: Connection, code: str, owner: str) -> None:
    """The group has another owner."""
    await connection.execute(_OWN, [owner, code])


async def add_post(connection: Connection, post_id: UUID, *, code: str, author: str, body: str, now: datetime) -> bool:
    """Write a post; False if it is there already."""
    return (await connection.execute(_POST, [post_id, code, author, body, now])).rowcount == 1


async def add_reply(
    connection: Connection, reply_id: UUID, *, code: str, post_id: UUID, store_id: UUID, body: str, now: datetime
) -> bool:
    """Write a reply; False if it is there already, or the post is not of this group."""
    return (await connection.execute(_REPLY, [reply_id, store_id, body, now, post_id, code])).rowcount == 1


async def posts_of(connection: Connection, code: str) -> Sequence[Post]:
    """A group's posts with their replies, the newest post first."""
    posts = [Post(*row) for row in await (await connection.execute(_POSTS, [code])).fetchall()]
    replies = await _replies(connection, [post.post_id for post in posts])
    return [replace(post, replies=tuple(replies.get(post.post_id, ()))) for post in posts]


async def remove_post(connection: Connection, post_id: UUID, *, code: str, now: datetime) -> bool:
    """Take a post of this group off; whether there was one."""
    return (await connection.execute(_REMOVE_POST, [now, post_id, code])).rowcount == 1


async def remove_reply(connection: Connection, reply_id: UUID, *, code: str, now: datetime) -> bool:
    """Take a reply in this group off; whether there was one."""
    return (await connection.execute(_REMOVE_REPLY, [now, reply_id, code])).rowcount == 1


async def _replies(connection: Connection, post_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Reply]]:
    found: defaultdict[UUID, list[Reply]] = defaultdict(list)
    for row in await (await connection.execute(_REPLIES, [list(post_ids)])).fetchall():
        found[row[1]].append(Reply(*row))
    return found
