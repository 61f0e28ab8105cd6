"""Reads of draws for pages, for a citizen's own proof and for the analysis of what vouchers caused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.vouchers.draw_plan import read_announcement
from yongquan.vouchers.draw_store import draw_of

_ROUND = """
select r.opens_at, r.closes_at, c.adcode from vouchers.round r
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where r.round_id = %s and r.mode = 'draw' and r.state = 'published'
"""
_ADCODE = """
select c.adcode from vouchers.draw d join vouchers.round r on r.round_id = d.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id where d.draw_id = %s
"""
_NAMES = """
select d.draw_id, r.name, r.name_en, c.name, c.name_en, c.campaign_id, c.adcode
  from vouchers.draw d join vouchers.round r on r.round_id = d.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
"""
_DRAWABLE = """
select r.round_id, r.name, r.name_en, r.opens_at, r.closes_at, c.adcode,
       (select count(*) from vouchers.voucher_type t where t.round_id = r.round_id)
  from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id
 where r.mode = 'draw' and r.state = 'published' and r.opens_at > %s
   and not exists (select from vouchers.draw d where d.round_id = r.round_id)
 order by r.opens_at, r.round_id
"""
_EXPERIMENT = """
select g.citizen_id, g.stratum, g.wishes, g.won, g.registered_at, g.platform from vouchers.registration g
 where g.draw_id = %s and g.won is not null order by g.cell, g.citizen_id
"""


@dataclass(frozen=True, slots=True)
class DrawableRound:
    """A round that can be drawn: its window and its funder's area."""

    opens_at: datetime
    closes_at: datetime
    adcode: str | None


@dataclass(frozen=True, slots=True)
class DrawName:
    """What a draw is called: its round's and campaign's names."""

    draw_id: UUID
    name: str
    name_en: str
    campaign: str
    campaign_en: str
    campaign_id: UUID
    adcode: str | None


@dataclass(frozen=True, slots=True)
class WaitingRound:
    """A draw round that is published and has no draw yet."""

    round_id: UUID
    name: str
    name_en: str
    opens_at: datetime
    closes_at: datetime
    adcode: str | None
    types: int


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One registrant of a drawn draw. Registrants of the same `stratum` (adcode) and the same `wishes` (type ids, the
    most wanted first) had the same chance: they are the blocks of the experiment. `won` are types, empty for a loser.
    """

    citizen_id: UUID
    stratum: str
    wishes: tuple[UUID, ...]
    won: tuple[UUID, ...]
    registered_at: datetime
    platform: str


async def round_to_draw(connection: Connection, round_id: UUID) -> DrawableRound | None:
    """A published round of mode draw."""
    row = await (await connection.execute(_ROUND, [round_id])).fetchone()
    return DrawableRound(*row) if row else None


async def rounds_without_draw(connection: Connection, *, now: datetime) -> list[WaitingRound]:
    """Published draw rounds that have not opened and are not announced."""
    return [WaitingRound(*row) for row in await (await connection.execute(_DRAWABLE, [now])).fetchall()]


async def adcode_of_draw(connection: Connection, draw_id: UUID) -> str | None:
    """The area of the draw's campaign; None is the whole city."""
    row = await (await connection.execute(_ADCODE, [draw_id])).fetchone()
    return row[0] if row else None


async def draw_names(connection: Connection) -> dict[UUID, DrawName]:
    """The names of all draws."""
    return {row[0]: DrawName(*row) for row in await (await connection.execute(_NAMES)).fetchall()}


async def experiment_rows(connection: Connection, draw_id: UUID) -> AsyncIterator[ExperimentRow]:
    """Winners and losers of a draw that was drawn, in the order of their ids; nothing before that."""
    found = await draw_of(connection, draw_id)
    if found is None:
        return
    plan = read_announcement(found.announcement)
    types = [UUID(category.code) for category in plan.categories]
    async with connection.cursor(name="experiment") as cursor:
        cursor.itersize = 20_000
        await cursor.execute(_EXPERIMENT, [draw_id])
        async for citizen, stratum, wishes, won, registered_at, platform in cursor:
            wanted = tuple(types[wish] for wish in wishes)
            got = tuple(type_ for turn, type_ in enumerate(wanted) if won >> turn & 1)
            yield ExperimentRow(citizen, plan.strata[stratum], wanted, got, registered_at, platform)
