"""What the vouchers' own tables say of each type, for the ledger's proof. Amounts in fen of face value."""

from collections.abc import Sequence
from uuid import UUID

from yongquan.plumbing.db import Connection

_FACTS = """
select t.type_id,
       coalesce(s.unclaimed, 0) * t.amount_fen,
       coalesce(v.claimed, 0), coalesce(v.locked, 0), coalesce(v.frozen, 0), coalesce(v.redeemed, 0),
       coalesce(v.recycled, 0)
  from vouchers.voucher_type t
  join (select type_id, sum(stock - claimed)::bigint as unclaimed from vouchers.stock group by type_id) s
    on s.type_id = t.type_id
  left join (
       select type_id,
              sum(amount_fen) filter (where state = 'held')::bigint as claimed,
              sum(amount_fen) filter (where state = 'locked')::bigint as locked,
              sum(amount_fen) filter (where state = 'frozen')::bigint as frozen,
              sum(redeemed_fen) filter (where state = 'redeemed')::bigint as redeemed,
              sum(recycled_fen)::bigint as recycled
         from vouchers.voucher group by type_id) v on v.type_id = t.type_id
"""


async def type_facts(connection: Connection) -> Sequence[tuple[UUID, int, int, int, int, int, int]]:
    """Rows of type, then fen in stock, claimed, locked, frozen, redeemed, and ever recycled."""
    return [(r[0], *(int(n) for n in r[1:])) for r in await (await connection.execute(_FACTS)).fetchall()]
