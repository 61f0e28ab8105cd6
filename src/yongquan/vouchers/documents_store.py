"""A campaign as its tables have it, read whole for a document, and changed as a version says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.vouchers.documents import CampaignDocument, read_document
from yongquan.vouchers.documents_versions import VersionState, versions_of
from yongquan.vouchers.documents_ways import drop_ways, in_packs, in_vouchers, save_ways, update_ways, ways_of
from yongquan.vouchers.model import (
    Campaign,
    CampaignRules,
    CampaignState,
    Round,
    RoundMode,
    RoundState,
    SubActivity,
)
from yongquan.vouchers.store import save_campaign, save_rounds, types_of
from yongquan.vouchers.terms import TERMS_COLUMNS, door_document, read_terms, terms_document, use_document

_CAMPAIGN = """
select campaign_id, code, name, name_en, funder_id, adcode, starts_at, ends_at, budget_fen, rules, state
  from vouchers.campaign where code = %s
"""
_LOCKED = f"{_CAMPAIGN} for no key update"
_CODE_OF = "select code from vouchers.campaign where campaign_id = %s"
_SUBS = """
select sub_activity_id, campaign_id, name, name_en, position, adcode, note
  from vouchers.sub_activity where campaign_id = %s order by position
"""
_ROUNDS = f"""
select r.round_id, r.campaign_id, r.name, r.name_en, r.mode, r.state, r.opens_at, r.closes_at, r.sub_activity_id,
       {TERMS_COLUMNS}
  from vouchers.round r where r.campaign_id = %s order by r.opens_at, r.name, r.round_id
"""
_UPDATE_CAMPAIGN = """
update vouchers.campaign
   set name = %s, name_en = %s, funder_id = %s, adcode = %s, starts_at = %s, ends_at = %s, budget_fen = %s, rules = %s
 where campaign_id = %s
"""
_DROP_SHARES = """
delete from vouchers.type_share s using vouchers.voucher_type t where t.type_id = s.type_id and t.round_id = any (%s)
"""
_DROP_TYPES = "delete from vouchers.voucher_type where round_id = any (%s)"
_DROP_ROUNDS = "delete from vouchers.round where round_id = any (%s) and state = 'draft'"
_DROP_SUBS = "delete from vouchers.sub_activity where campaign_id = %s and sub_activity_id <> all (%s)"
_SAVE_SUB = """
insert into vouchers.sub_activity (sub_activity_id, campaign_id, name, name_en, position, adcode, note)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict (sub_activity_id) do update
   set name = excluded.name, name_en = excluded.name_en, position = excluded.position, adcode = excluded.adcode,
       note = excluded.note
"""
# What may change of a round that is out, and of its types (see `documents_fields.Change`).
_UPDATE_ROUND = """
update vouchers.round
   set name = %s, name_en = %s, opens_at = %s, closes_at = %s, cap_round = %s, cap_day = %s, cap_campaign = %s,
       cap_industry = %s, cap_industry_round = %s, daily_from = %s, daily_until = %s, door = %s, terms = %s,
       sub_activity_id = %s, version = version + 1
 where round_id = %s
"""
_UPDATE_TYPE = """
update vouchers.voucher_type set name = %s, name_en = %s, stock = %s, valid_until = %s, valid_days = %s,
       use = %s
 where type_id = %s
"""
# What a type gets on top goes to the cells evenly; the first cells take the remainder.
_ADD_STOCK = """
update vouchers.stock s set stock = s.stock + %(more)s / %(cells)s
       + case when s.cell < %(more)s %% %(cells)s then 1 else 0 end
 where s.type_id = %(type)s
"""


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """A campaign as it is now, with the states that a document does not speak of."""

    document: CampaignDocument
    state: CampaignState

    @property
    def public(self) -> frozenset[UUID]:
        """The rounds that are or were out."""
        return frozenset(r.round_id for r in self.document.rounds if r.state is not RoundState.DRAFT)


async def stored_campaign(connection: Connection, code: str, *, lock: bool = False) -> StoredCampaign | None:
    """The campaign of a code; its keys are those of the version applied last. `lock` keeps it until the commit."""
    row = await (await connection.execute(_LOCKED if lock else _CAMPAIGN, [code])).fetchone()
    if row is None:
        return None
    state = CampaignState(row[10])
    campaign = Campaign(*(*row[:9], msgspec.convert(row[9], CampaignRules), state))
    subs = await (await connection.execute(_SUBS, [campaign.campaign_id])).fetchall()
    rounds = [_round(r) for r in await (await connection.execute(_ROUNDS, [campaign.campaign_id])).fetchall()]
    types = await types_of(connection, [r.round_id for r in rounds])
    rounds, types = in_packs(rounds, types, await ways_of(connection, campaign.campaign_id))
    applied = next((v for v in await versions_of(connection, code) if v.state is VersionState.APPLIED), None)
    known = read_document(applied.document) if applied else None
    document = CampaignDocument(campaign, tuple(SubActivity(*s) for s in subs), tuple(rounds), tuple(types))
    return StoredCampaign(_as_written(document, known), state)


async def code_of(connection: Connection, campaign_id: UUID) -> str | None:
    """A campaign's code."""
    row = await (await connection.execute(_CODE_OF, [campaign_id])).fetchone()
    return row[0] if row else None


async def write_campaign(connection: Connection, document: CampaignDocument, *, new: bool, now: datetime) -> None:
    """A campaign's own row and its sub-activities; the caller has judged what may change."""
    c = document.campaign
    if new:
        await save_campaign(connection, c, now=now)
    else:
        rules = Jsonb(msgspec.to_builtins(c.rules))
        own = (c.name, c.name_en, c.funder_id, c.adcode, c.starts_at, c.ends_at, c.budget_fen, rules, c.campaign_id)
        await connection.execute(_UPDATE_CAMPAIGN, own)
    rows = [(s.sub_activity_id, s.campaign_id, s.name, s.name_en, s.position, s.adcode, s.note) for s in document.subs]
    async with connection.cursor() as cursor:
        await cursor.executemany(_SAVE_SUB, rows)


async def write_drafts(
    connection: Connection, document: CampaignDocument, *, before: StoredCampaign | None
) -> list[UUID]:
    """Put the document's rounds that are not out in the place of the stored ones; returns them. Then subs that left."""
    public = before.public if before else frozenset()
    old = [r.round_id for r in before.document.rounds if r.round_id not in public] if before else []
    await connection.execute(_DROP_SHARES, [old])
    await drop_ways(connection, old)
    await connection.execute(_DROP_TYPES, [old])
    await connection.execute(_DROP_ROUNDS, [old])
    rounds = [r for r in document.rounds if r.round_id not in public]
    types = [t for t in document.types if t.round_id not in public]
    await save_rounds(connection, in_vouchers(rounds, types), types)
    await save_ways(connection, rounds, types)
    kept = [s.sub_activity_id for s in document.subs]
    await connection.execute(_DROP_SUBS, [document.campaign.campaign_id, kept])
    return [r.round_id for r in rounds]


async def update_public(connection: Connection, document: CampaignDocument, public: frozenset[UUID]) -> None:
    """Write what may change of rounds that are out, and of their types; stock is raised by `add_stock`."""
    rounds = [
        (
            *(r.name, r.name_en, r.opens_at, r.closes_at, r.caps.per_round, r.caps.per_day, r.caps.per_campaign),
            *(r.caps.per_industry, r.caps.per_industry_round, *(r.conditions.daily or (None, None))),
            *(door_document(r.conditions), terms_document(r.conditions, r.caps), r.sub_activity_id, r.round_id),
        )
        for r in in_vouchers([r for r in document.rounds if r.round_id in public], document.types)
    ]
    types = [
        (t.name, t.name_en, t.stock, t.valid_until, t.valid_days, use_document(t.use), t.type_id)
        for t in document.types
        if t.round_id in public
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(_UPDATE_ROUND, rounds)
        await cursor.executemany(_UPDATE_TYPE, types)
    await update_ways(connection, [r for r in document.rounds if r.round_id in public])


async def add_stock(connection: Connection, more: Sequence[tuple[UUID, int]], *, cells: int) -> None:
    """Lay more vouchers of some types out over the cells."""
    async with connection.cursor() as cursor:
        rows = [{"type": type_id, "more": count, "cells": cells} for type_id, count in more]
        await cursor.executemany(_ADD_STOCK, rows)


def _round(row: tuple[Any, ...]) -> Round:
    round_id, campaign_id, name, name_en, mode, state, opens_at, closes_at, sub_id = row[:9]
    terms = read_terms(row[9:])
    return Round(
        *(round_id, campaign_id, name, name_en, opens_at, closes_at),
        mode=RoundMode(mode),
        caps=terms.caps,
        conditions=terms.conditions,
        state=RoundState(state),
        sub_activity_id=sub_id,
    )


def _as_written(stored: CampaignDocument, known: CampaignDocument | None) -> CampaignDocument:
    """The stored campaign in the order and with the keys of the document it came from."""
    if known is None:
        return stored
    order = {id_: n for n, id_ in enumerate(known.keys)}
    last = len(order)
    return CampaignDocument(
        stored.campaign,
        stored.subs,
        tuple(sorted(stored.rounds, key=lambda r: order.get(r.round_id, last))),
        tuple(sorted(stored.types, key=lambda t: order.get(t.type_id, last))),
        known.keys,
    )
