"""What rules read of a citizen's last steps, for a whole wave: was the device met before, where was the last payment.

As with features, it is what was recorded before the question, of the 31 days that are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity, RiskEvent
from yongquan.risk.features.store import key_of

LAST_WITHIN_H = 24  # an older place says nothing of the way
# Only the citizen's own index can answer: see migrations/0050_risk_indexes.sql.
_LAST = f"""
with given as materialized (select %s::int as cell)
select exists (select from risk.event x
                where x.cell + 0 = g.cell and x.citizen = e.citizen and x.homes & 1 <> 0 and x.device = e.device
                  and x.event_id <> e.event_id),
       (select x.spot from risk.event x
         where x.cell + 0 = g.cell and x.citizen = case when e.moves then e.citizen end and x.homes & 1 <> 0
           and x.kind = 2 and x.at > e.at - interval '{LAST_WITHIN_H} hours' and x.at <= e.at
           and x.event_id <> e.event_id and x.spot is not null
         order by x.at desc limit 1)
  from given g
 cross join unnest((select %s::uuid[]), (select %s::timestamptz[]), (select %s::bigint[]), (select %s::bigint[]),
                   (select %s::boolean[])) with ordinality as e(event_id, at, citizen, device, moves, ord)
 order by e.ord
"""


@dataclass(frozen=True, slots=True)
class LastSteps:
    """`knows_device`: the citizen had an event on this device; `spot`: the H3 cell of the last payment, if known."""

    knows_device: bool
    spot: str | None


async def read_last(
    connection: Connection, cell: int, events: Sequence[RiskEvent], *, devices: Sequence[bool], moves: Sequence[bool]
) -> list[LastSteps]:
    """For each event of a citizen of this cell what is asked of it: the device, the place, or neither."""
    ids: list[UUID] = [event.event_id for event in events]
    citizens = [_key(event, Entity.CITIZEN) for event in events]
    asked = [_key(event, Entity.DEVICE) if wanted else None for event, wanted in zip(events, devices, strict=True)]
    values = [cell, ids, [event.at for event in events], citizens, asked, list(moves)]
    rows = await (await connection.execute(_LAST, values, prepare=True)).fetchall()
    return [LastSteps(bool(row[0]), None if row[1] is None else f"{row[1]:x}") for row in rows]


def _key(event: RiskEvent, party: Entity) -> int | None:
    value = event.parties.get(party)
    return None if value is None else key_of(value)
