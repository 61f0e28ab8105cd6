"""Packs: several vouchers claimed as one. What a pack holds, its caps, and its SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import Caps, Round, RoundMode, VoucherType

_SAVE = "insert into vouchers.pack (round_id, name, name_en, packs) values (%s, %s, %s, %s)"
_SAVE_ITEM = "insert into vouchers.pack_item (round_id, type_id, place, copies) values (%s, %s, %s, %s)"
_ITEMS = "select round_id, type_id, copies from vouchers.pack_item where round_id = any (%s) order by round_id, place"
_NAMES = "select round_id, name, name_en, packs from vouchers.pack where round_id = any (%s)"
_KEEP = """
insert into vouchers.pack_claim (cell, voucher_id, citizen_id, round_id, voucher_ids) values (%s, %s, %s, %s, %s)
"""
_VOUCHERS = """
select p.voucher_id, v.voucher_id, v.round_id, v.type_id, v.amount_fen, v.threshold_fen, v.valid_from, v.valid_until,
       v.claim_no
  from vouchers.pack_claim p
 cross join lateral unnest(p.voucher_ids) with ordinality as u(voucher_id, place)
  join vouchers.voucher v on v.cell = p.cell and v.voucher_id = u.voucher_id
 where p.cell = %s and p.voucher_id = any (%s) order by p.voucher_id, u.place
"""
_OF_CITIZEN = """
select p.voucher_id, p.round_id, k.name, k.name_en, p.voucher_ids from vouchers.pack_claim p
  join vouchers.pack k on k.round_id = p.round_id where p.cell = %s and p.citizen_id = %s
"""


@dataclass(frozen=True, slots=True)
class PackItem:
    """So many vouchers of one type in a pack."""

    type_id: UUID
    copies: int


@dataclass(frozen=True, slots=True)
class Pack:
    """What a round gives as one; the first item's stock is the pack's stock."""

    name: str
    name_en: str
    packs: int
    items: tuple[PackItem, ...]

    @property
    def size(self) -> int:
        """Vouchers in a pack."""
        return sum(item.copies for item in self.items)


@dataclass(frozen=True, slots=True)
class PackedVoucher:
    """A voucher that came in a pack. Amounts in fen."""

    voucher_id: UUID
    round_id: UUID
    type_id: UUID
    amount_fen: int
    threshold_fen: int
    valid_from: datetime
    valid_until: datetime
    claim_no: int


@dataclass(frozen=True, slots=True)
class ClaimedPack:
    """A pack in a wallet."""

    voucher_id: UUID
    round_id: UUID
    name: str
    name_en: str
    voucher_ids: list[UUID]


def caps_of_packs(caps: Caps, size: int) -> Caps:
    """Caps counted in packs of `size` vouchers as the caps in vouchers that allow exactly so many packs.

    A claim is refused from the cap on; after n-1 packs a citizen has (n-1) x size vouchers and may take one more pack.
    """

    def in_vouchers(packs: int | None) -> int | None:
        return None if packs is None else (packs - 1) * size + 1

    return replace(
        caps,
        per_round=in_vouchers(caps.per_round),
        per_day=in_vouchers(caps.per_day),
        per_campaign=in_vouchers(caps.per_campaign),
    )


def caps_of_vouchers(caps: Caps, size: int) -> Caps:
    """The other way: how many packs of `size` the caps in vouchers allow."""

    def packs(vouchers: int | None) -> int | None:
        return None if vouchers is None else (vouchers - 1) // size + 1

    return replace(
        caps, per_round=packs(caps.per_round), per_day=packs(caps.per_day), per_campaign=packs(caps.per_campaign)
    )


async def save_pack(connection: Connection, round_: Round, types: Sequence[VoucherType], pack: Pack) -> None:
    """Make a draft round a round of packs. Raises `BadInput` unless each type's stock is packs x copies."""
    stock = {type_.type_id: type_.stock for type_ in types}
    wanted = {item.type_id: item.copies * pack.packs for item in pack.items}
    if round_.mode != RoundMode.GRAB:
        raise BadInput("packs are claimed: their round is of mode grab")
    if pack.size < 2 or any(item.copies < 1 for item in pack.items) or len(wanted) != len(pack.items):
        raise BadInput("a pack has two vouchers or more, each type named once")
    if stock != wanted:
        raise BadInput("every type of a round of packs is in the pack, with a stock of packs x copies")
    await connection.execute(_SAVE, [round_.round_id, pack.name, pack.name_en, pack.packs])
    for place, item in enumerate(pack.items):
        await connection.execute(_SAVE_ITEM, [round_.round_id, item.type_id, place, item.copies])


async def packs_of(connection: Connection, round_ids: Sequence[UUID]) -> dict[UUID, Pack]:
    """The packs of those rounds that give packs."""
    rounds = list(round_ids)
    items: dict[UUID, list[PackItem]] = {}
    for round_id, type_id, copies in await (await connection.execute(_ITEMS, [rounds])).fetchall():
        items.setdefault(round_id, []).append(PackItem(type_id, copies))
    if not items:
        return {}
    names = await (await connection.execute(_NAMES, [list(items)])).fetchall()
    return {row[0]: Pack(row[1], row[2], row[3], tuple(items[row[0]])) for row in names}


async def keep_packs(connection: Connection, cell: int, claimed: Mapping[UUID, tuple[UUID, UUID, list[UUID]]]) -> None:
    """Write down what came together: by the first voucher, its citizen, round and all vouchers."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _KEEP, [(cell, first, citizen, round_, vouchers) for first, (citizen, round_, vouchers) in claimed.items()]
        )


async def packed_vouchers(connection: Connection, cell: int, firsts: Sequence[UUID]) -> dict[UUID, list[PackedVoucher]]:
    """The vouchers of packs, by their first."""
    found: dict[UUID, list[PackedVoucher]] = {}
    for row in await (await connection.execute(_VOUCHERS, [cell, list(firsts)])).fetchall():
        found.setdefault(row[0], []).append(PackedVoucher(*row[1:]))
    return found


async def packs_in_wallet(connection: Connection, cell: int, citizen_id: UUID) -> list[ClaimedPack]:
    """The packs a citizen has claimed."""
    rows = await (await connection.execute(_OF_CITIZEN, [cell, citizen_id])).fetchall()
    return [ClaimedPack(*row) for row in rows]
