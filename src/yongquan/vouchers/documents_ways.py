"""A document's packs, codes, application forms and leftovers in their tables; caps count packs there, vouchers here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import Leftover, PackTerms, Round, VoucherType
from yongquan.vouchers.ways.application_form import Form
from yongquan.vouchers.ways.applications import save_form
from yongquan.vouchers.ways.packs import Pack, PackItem, caps_of_packs, caps_of_vouchers, packs_of, save_pack

_WAYS = """
select r.round_id, r.leftover, r.codes_most, f.fields, f.second_from_fen, f.benefit
  from vouchers.round r left join vouchers.application_form f on f.round_id = r.round_id where r.campaign_id = %s
"""
_DROPS = (
    "delete from vouchers.pack_item where round_id = any (%s)",
    "delete from vouchers.pack where round_id = any (%s)",
    "delete from vouchers.application_form where round_id = any (%s)",
)
_CODES = """
select c.code, c.name, c.name_en,
       exists (select 1 from vouchers.round r join vouchers.pack p using (round_id)
                where r.campaign_id = c.campaign_id),
       exists (select 1 from vouchers.round r join vouchers.application_form f using (round_id)
                where r.campaign_id = c.campaign_id)
  from vouchers.campaign c
 where c.state in ('draft', 'published', 'paused') and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 order by c.starts_at desc, c.code
"""
_SET = "update vouchers.round set leftover = %s, codes_most = %s where round_id = %s"
_SET_PACK = "update vouchers.pack set name = %s, name_en = %s, packs = %s where round_id = %s"


@dataclass(frozen=True, slots=True)
class StoredWays:
    """What the tables have beside a round's own row."""

    leftover: Leftover
    codes_most: int | None
    application: Form | None
    pack: Pack | None


@dataclass(frozen=True, slots=True)
class CampaignWays:
    """A campaign that may get rounds, and whether it has rounds of packs and of applications."""

    code: str
    name: str
    name_en: str
    has_packs: bool
    has_forms: bool


async def campaigns_with_ways(connection: Connection, *, places: Sequence[str] | None) -> list[CampaignWays]:
    """The campaigns of some divisions that are not over, the latest first; None is the whole city."""
    values = {"places": None if places is None else list(places)}
    return [CampaignWays(*row) for row in await (await connection.execute(_CODES, values)).fetchall()]


async def ways_of(connection: Connection, campaign_id: UUID) -> dict[UUID, StoredWays]:
    """The ways of a campaign's rounds."""
    rows = await (await connection.execute(_WAYS, [campaign_id])).fetchall()
    packs = await packs_of(connection, [row[0] for row in rows])
    return {
        round_id: StoredWays(
            Leftover(leftover),
            codes_most,
            None if fields is None else _form(fields, second, benefit),
            packs.get(round_id),
        )
        for round_id, leftover, codes_most, fields, second, benefit in rows
    }


def in_packs(
    rounds: Sequence[Round], types: Sequence[VoucherType], ways: Mapping[UUID, StoredWays]
) -> tuple[list[Round], list[VoucherType]]:
    """Stored rounds and types with their ways: the caps of packs count packs, their types stand in order."""
    copies = {i.type_id: (n, i.copies) for w in ways.values() if w.pack for n, i in enumerate(w.pack.items)}
    found = []
    for one in rounds:
        w = ways[one.round_id]
        more = replace(one, leftover=w.leftover, codes_most=w.codes_most, application=w.application)
        if w.pack:
            pack = PackTerms(w.pack.name, w.pack.name_en, w.pack.packs)
            more = replace(more, pack=pack, caps=caps_of_vouchers(one.caps, w.pack.size))
        found.append(more)
    packed = [replace(t, copies=copies[t.type_id][1]) if t.type_id in copies else t for t in types]
    return found, sorted(packed, key=lambda t: copies.get(t.type_id, (0, 0))[0])


def in_vouchers(rounds: Sequence[Round], types: Sequence[VoucherType]) -> list[Round]:
    """Rounds as their rows have them: the caps of packs as the caps in vouchers that allow as many."""
    return [replace(r, caps=caps_of_packs(r.caps, _pack(r.pack, r, types).size)) if r.pack else r for r in rounds]


async def save_ways(connection: Connection, rounds: Sequence[Round], types: Sequence[VoucherType]) -> None:
    """Write the ways of draft rounds whose rows are there. Raises `BadInput` for a pack that cannot be."""
    for one in rounds:
        if one.pack:
            await save_pack(
                connection, one, [t for t in types if t.round_id == one.round_id], _pack(one.pack, one, types)
            )
        if one.application:
            await save_form(connection, one.round_id, one.application)
    await _set(connection, rounds)


async def drop_ways(connection: Connection, round_ids: Sequence[UUID]) -> None:
    """Take the ways of draft rounds away, before their types go."""
    for statement in _DROPS:
        await connection.execute(statement, [list(round_ids)])


async def update_ways(connection: Connection, rounds: Sequence[Round]) -> None:
    """Write what may change of rounds that are out."""
    await _set(connection, rounds)
    for one in rounds:
        if one.pack:
            await connection.execute(_SET_PACK, [one.pack.name, one.pack.name_en, one.pack.packs, one.round_id])


async def _set(connection: Connection, rounds: Sequence[Round]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(_SET, [(r.leftover, r.codes_most, r.round_id) for r in rounds])


def _pack(terms: PackTerms, one: Round, types: Sequence[VoucherType]) -> Pack:
    items = tuple(PackItem(t.type_id, t.copies) for t in types if t.round_id == one.round_id)
    return Pack(terms.name, terms.name_en, terms.packs, items)


def _form(fields: object, second_from_fen: int | None, benefit: str) -> Form:
    return msgspec.convert({"fields": fields, "second_from_fen": second_from_fen, "benefit": benefit}, Form)
