"""What screens read of webhooks: endpoints with their counts, and the latest deliveries of one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_ENDPOINTS = """
select e.endpoint_id, e.institution, e.url, e.kinds, e.scope, e.state, e.created_at,
       count(*) filter (where d.state = 'waiting')::int, count(*) filter (where d.state = 'delivered')::int,
       count(*) filter (where d.state = 'dead')::int
  from plumbing.webhook_endpoint e left join plumbing.webhook_delivery d using (endpoint_id)
 where %(one)s::uuid is null or e.endpoint_id = %(one)s
 group by e.endpoint_id order by e.created_at
"""
_DELIVERIES = """
select event_id, body::jsonb ->> 'type', state, tries, due_at, last_status, settled_at
  from plumbing.webhook_delivery where endpoint_id = %s
 order by state <> 'dead', state <> 'waiting', coalesce(settled_at, due_at) desc limit %s
"""
_AGAIN = """
update plumbing.webhook_delivery set state = 'waiting', tries = 0, due_at = clock_timestamp(), settled_at = null
 where endpoint_id = %s and event_id = %s and state <> 'waiting'
"""


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint and how its deliveries stand (those of the last days; older ones are trimmed)."""

    endpoint_id: UUID
    institution: str
    url: str
    kinds: list[str]
    scope: str
    state: str
    created_at: datetime
    waiting: int
    delivered: int
    dead: int


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event on its way; `last_status` None: no answer, or not tried yet."""

    event_id: UUID
    kind: str
    state: str
    tries: int
    due_at: datetime
    last_status: int | None
    settled_at: datetime | None


async def endpoints(connection: Connection) -> list[EndpointRow]:
    """Every endpoint, oldest first."""
    return [EndpointRow(*row) for row in await (await connection.execute(_ENDPOINTS, {"one": None})).fetchall()]


async def endpoint(connection: Connection, endpoint_id: UUID) -> EndpointRow | None:
    """One endpoint."""
    row = await (await connection.execute(_ENDPOINTS, {"one": endpoint_id})).fetchone()
    return EndpointRow(*row) if row else None


async def deliveries_of(connection: Connection, endpoint_id: UUID, *, limit: int = 100) -> list[DeliveryRow]:
    """The latest deliveries of an endpoint: dead ones first, then those that wait."""
    rows = await (await connection.execute(_DELIVERIES, [endpoint_id, limit])).fetchall()
    return [DeliveryRow(*row) for row in rows]


async def deliver_again(connection: Connection, endpoint_id: UUID, event_id: UUID) -> bool:
    """Send one settled delivery again, delivered or dead; False if it waits anyway or is gone."""
    return (await connection.execute(_AGAIN, [endpoint_id, event_id])).rowcount == 1
