"""The vouchers room's SQL for funders: shares of types, who funds a campaign, what is out, what each had back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.vouchers.sharing import FunderShare, require_whole

if TYPE_CHECKING:
    from yongquan.vouchers.model import VoucherType

_SAVE = "insert into vouchers.type_share (type_id, place, funder_id, share_bp) values (%s, %s, %s, %s)"
_SHARES = "select type_id, funder_id, share_bp from vouchers.type_share where type_id = any (%s) order by place"
_FUNDER = "select funder_id from vouchers.campaign where campaign_id = %s"
_FACES = "select type_id, amount_fen, stock from vouchers.voucher_type where type_id = any (%s)"
_OUT = """
select type_id, amount_fen, count(*)::int from vouchers.voucher
 where type_id = any (%s) and state in ('held', 'locked', 'frozen') group by type_id, amount_fen
"""
_RETURNED = "select type_id, funder_id, fen from vouchers.returned where type_id = any (%s) for update"
_RETURN = """
insert into vouchers.returned as had (type_id, funder_id, fen)
select u.type_id, u.funder_id, u.fen from unnest(%s::uuid[], %s::text[], %s::bigint[]) as u(type_id, funder_id, fen)
on conflict (type_id, funder_id) do update set fen = had.fen + excluded.fen
"""

_OVER = """
select not exists (select from vouchers.round r
                    where r.campaign_id = %(campaign)s and r.state in ('published', 'paused'))
   and not exists (select from vouchers.voucher v
                    where v.campaign_id = %(campaign)s and v.state in ('held', 'locked', 'frozen'))
   and not exists (select from vouchers.stock s
                     join vouchers.voucher_type t on t.type_id = s.type_id
                     join vouchers.round r on r.round_id = t.round_id
                    where r.campaign_id = %(campaign)s and s.stock > s.claimed)
"""
_FUNDERS = """
select c.campaign_id, c.funder_id from vouchers.campaign c
union
select r.campaign_id, s.funder_id
  from vouchers.type_share s
  join vouchers.voucher_type t on t.type_id = s.type_id
  join vouchers.round r on r.round_id = t.round_id
"""
_VOUCHER = """
select v.voucher_id, v.type_id, t.name, t.name_en, c.name, c.name_en, v.state, v.amount_fen, v.threshold_fen,
       v.redeemed_fen, v.claimed_at, v.valid_until
  from vouchers.voucher v
  join vouchers.voucher_type t on t.type_id = v.type_id
  join vouchers.campaign c on c.campaign_id = v.campaign_id
 where v.cell = %s and v.voucher_id = %s
"""


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """A voucher with its type and campaign, and nobody's name."""

    voucher_id: UUID
    type_id: UUID
    name: str
    name_en: str
    campaign: str
    campaign_en: str
    state: str
    amount_fen: int
    threshold_fen: int
    redeemed_fen: int | None
    claimed_at: datetime
    valid_until: datetime


async def save_shares(connection: Connection, types: Sequence["VoucherType"]) -> None:
    """Write the shares of new types. Raises `BadInput` if those of a type do not add up."""
    for type_ in types:
        require_whole(type_.shares)
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _SAVE, [(t.type_id, place, s.funder_id, s.share_bp) for t in types for place, s in enumerate(t.shares)]
        )


async def shares_of(connection: Connection, type_ids: Iterable[UUID]) -> dict[UUID, tuple[FunderShare, ...]]:
    """The shares of those types that have several funders."""
    shares: defaultdict[UUID, tuple[FunderShare, ...]] = defaultdict(tuple)
    for type_id, funder_id, share_bp in await (await connection.execute(_SHARES, [list(type_ids)])).fetchall():
        shares[type_id] += (FunderShare(funder_id, share_bp),)
    return dict(shares)


async def with_shares(connection: Connection, types: Sequence["VoucherType"]) -> list["VoucherType"]:
    """The types with their funders' shares."""
    shares = await shares_of(connection, [type_.type_id for type_ in types])
    return [replace(type_, shares=shares.get(type_.type_id, ())) for type_ in types]


async def lead_of(connection: Connection, campaign_id: UUID) -> str | None:
    """The funder whose campaign it is."""
    row = await (await connection.execute(_FUNDER, [campaign_id])).fetchone()
    return str(row[0]) if row else None


async def faces_of(connection: Connection, type_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    """Face value and laid-out stock of some types."""
    rows = await (await connection.execute(_FACES, [list(type_ids)])).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


async def out_of(connection: Connection, type_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[tuple[int, int]]]:
    """What citizens still hold of some types: (fen, how many vouchers of it)."""
    out: defaultdict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for type_id, fen, count in await (await connection.execute(_OUT, [list(type_ids)])).fetchall():
        out[type_id].append((fen, count))
    return out


async def returned_of(connection: Connection, type_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """What funders have had back of some types; locks the rows."""
    rows = await (await connection.execute(_RETURNED, [list(type_ids)])).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


async def add_returned(connection: Connection, parts: Mapping[tuple[UUID, str], int]) -> None:
    """Count what funders get back now."""
    keys = list(parts)
    await connection.execute(_RETURN, [[k[0] for k in keys], [k[1] for k in keys], [parts[k] for k in keys]])


async def campaign_is_over(connection: Connection, campaign_id: UUID) -> bool:
    """Whether no round runs, no stock is left in one and no citizen holds a voucher."""
    row = await (await connection.execute(_OVER, {"campaign": campaign_id})).fetchone()
    return bool(row and row[0])


async def funders_of_campaigns(connection: Connection) -> dict[UUID, list[str]]:
    """Who funds each campaign: its own funder and those of its types, by id."""
    funders: defaultdict[UUID, list[str]] = defaultdict(list)
    for campaign_id, funder_id in await (await connection.execute(_FUNDERS)).fetchall():
        funders[campaign_id].append(funder_id)
    return {campaign_id: sorted(ids) for campaign_id, ids in funders.items()}


async def voucher_facts(connection: Connection, cell: int, voucher_id: UUID) -> VoucherFacts | None:
    """A voucher as an auditor may see it: without its citizen."""
    row = await (await connection.execute(_VOUCHER, [cell, voucher_id])).fetchone()
    return VoucherFacts(*row) if row else None
