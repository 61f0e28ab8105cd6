"""The vouchers room's SQL for what people prepare: campaigns, rounds, types, lists (hot SQL: migrations/hot)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.vouchers.funding_store import save_shares, with_shares
from yongquan.vouchers.model import Campaign, CampaignState, Round, RoundState, VoucherType
from yongquan.vouchers.terms import door_document, read_use, terms_document, use_document

_CAMPAIGN = """
insert into vouchers.campaign (campaign_id, code, name, name_en, funder_id, adcode, state, starts_at, ends_at,
                               budget_fen, rules, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_ROUND = """
insert into vouchers.round (round_id, campaign_id, name, name_en, mode, state, opens_at, closes_at,
                            daily_from, daily_until, districts, age_min, card_issuers, list_id,
                            cap_round, cap_day, cap_campaign, cap_industry, cap_industry_round, door, terms,
                            sub_activity_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_TYPE = """
insert into vouchers.voucher_type (type_id, round_id, name, name_en, industry, amount_fen, threshold_fen, rate_bp,
                                   stock, valid_from, valid_until, valid_days, districts, hardship_only,
                                   cap_groups, use)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
# The stock is divided evenly; the first cells take the remainder.
_DIVIDE_STOCK = """
insert into vouchers.stock (cell, type_id, stock)
select c.cell, t.type_id, t.stock / %(cells)s + case when c.cell < t.stock %% %(cells)s then 1 else 0 end
  from vouchers.voucher_type t, generate_series(0, %(cells)s - 1) as c(cell)
 where t.round_id = any (%(rounds)s)
on conflict do nothing
"""
_SET_ROUND_STATE = (
    "update vouchers.round set state = %s, version = version + 1 where round_id = any (%s) and state = any (%s)"
)
_SET_CAMPAIGN_STATE = "update vouchers.campaign set state = %s where campaign_id = %s and state = any (%s)"
_TOUCH_ROUNDS = "update vouchers.round set version = version + 1 where campaign_id = %s"
_TYPES = """
select type_id, round_id, name, name_en, amount_fen, threshold_fen, stock, industry, rate_bp, valid_from,
       valid_until, valid_days, districts, hardship_only, cap_groups, use
  from vouchers.voucher_type where {} = any (%s) order by type_id
"""
_TYPES_OF_ROUNDS = _TYPES.format("part_of is null and round_id")
_TYPES_BY_ID = _TYPES.format("type_id")
_ADD_TO_LIST = """
insert into vouchers.list_member (cell, list_id, citizen_id, tier)
select u.cell, %s, u.citizen_id, %s from unnest(%s::int[], %s::uuid[]) as u(cell, citizen_id)
    on conflict (cell, list_id, citizen_id) do update set tier = excluded.tier
 where list_member.tier > excluded.tier
"""


async def save_campaign(connection: Connection, campaign: Campaign, *, now: datetime) -> None:
    """Write a new campaign. Raises `psycopg.errors.UniqueViolation` if its code is taken."""
    c = campaign
    rules = Jsonb(msgspec.to_builtins(c.rules))
    await connection.execute(
        _CAMPAIGN,
        (
            *(c.campaign_id, c.code, c.name, c.name_en, c.funder_id, c.adcode, c.state),
            *(c.starts_at, c.ends_at, c.budget_fen, rules, now),
        ),
    )


async def save_rounds(connection: Connection, rounds: Sequence[Round], types: Sequence[VoucherType]) -> None:
    """Write new rounds with their types, as drafts."""
    async with connection.cursor() as cursor:
        await cursor.executemany(_ROUND, [_round_row(r) for r in rounds])
        await cursor.executemany(_TYPE, [_type_row(t) for t in types])
    await save_shares(connection, types)


async def divide_stock(connection: Connection, round_ids: Sequence[UUID], *, cells: int) -> None:
    """Lay the stock of the rounds' types out over the cells."""
    await connection.execute(_DIVIDE_STOCK, {"cells": cells, "rounds": list(round_ids)})


async def move_rounds(
    connection: Connection, round_ids: Sequence[UUID], *, origins: Sequence[RoundState], to: RoundState
) -> int:
    """Set the state of those rounds that are in one of `origins`; say how many moved."""
    cursor = await connection.execute(_SET_ROUND_STATE, [to, list(round_ids), [o.value for o in origins]])
    return cursor.rowcount


async def move_campaign(
    connection: Connection, campaign_id: UUID, *, origins: Sequence[CampaignState], to: CampaignState
) -> bool:
    """Set a campaign's state if it is in one of `origins`; every process reloads its rounds."""
    cursor = await connection.execute(_SET_CAMPAIGN_STATE, [to, campaign_id, [o.value for o in origins]])
    await connection.execute(_TOUCH_ROUNDS, [campaign_id])
    return cursor.rowcount == 1


async def types_of(connection: Connection, round_ids: Sequence[UUID]) -> list[VoucherType]:
    """The voucher types of some rounds, by id."""
    rows = await (await connection.execute(_TYPES_OF_ROUNDS, [list(round_ids)])).fetchall()
    return await with_shares(connection, [_type(row) for row in rows])


async def types_by_id(connection: Connection, type_ids: Iterable[UUID]) -> list[VoucherType]:
    """Those of some voucher types that exist, by id."""
    rows = await (await connection.execute(_TYPES_BY_ID, [list(type_ids)])).fetchall()
    return await with_shares(connection, [_type(row) for row in rows])


async def add_to_list(
    connection: Connection, list_id: UUID, citizens: Sequence[UUID], *, cells: Sequence[int], tier: int = 1
) -> None:
    """Put citizens on a list; `cells` are theirs, in step. Tier 1 is the best; the better of two tiers stays."""
    await connection.execute(_ADD_TO_LIST, [list_id, tier, list(cells), list(citizens)])


def _round_row(r: Round) -> tuple[object, ...]:
    c, caps = r.conditions, r.caps
    daily_from, daily_until = c.daily or (None, None)
    return (
        *(r.round_id, r.campaign_id, r.name, r.name_en, r.mode, r.state, r.opens_at, r.closes_at),
        *(daily_from, daily_until, _array(c.districts), c.age_min, _array(c.card_issuers), c.list_id),
        *(caps.per_round, caps.per_day, caps.per_campaign, caps.per_industry, caps.per_industry_round),
        *(door_document(c), terms_document(c, caps), r.sub_activity_id),
    )


def _type(row: TupleRow) -> VoucherType:
    districts = None if row[12] is None else tuple(row[12])
    type_ = VoucherType(*(*row[:12], districts, row[13]))
    return replace(type_, groups=tuple(row[14] or ()), use=read_use(row[15]))


def _type_row(t: VoucherType) -> tuple[object, ...]:
    return (
        *(
            t.type_id,
            t.round_id,
            t.name,
            t.name_en,
            t.industry,
            t.amount_fen,
            t.threshold_fen,
            t.rate_bp,
            t.stock,
        ),
        *(t.valid_from, t.valid_until, t.valid_days, _array(t.districts), t.hardship_only),
        *(_array(t.groups or None), use_document(t.use)),
    )


def _array(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
