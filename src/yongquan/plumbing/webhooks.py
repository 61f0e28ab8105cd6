"""Webhook endpoints and the deliveries to them, signed as Standard Webhooks 1.0 says.

An event goes to an endpoint that subscribed to its kind and whose institution the payload names in `institutions`;
endpoints of scope `all` (the operator's own) get every event of their kinds. An institution never sees our id of a
citizen, only its own `open_id` of one who linked its app. Order is not promised, and an event may
arrive twice: its `webhook-id` is the event's id at every try.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
from standardwebhooks.webhooks import Webhook

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.outbox import mark_read, next_step
from yongquan.plumbing.sealing import Sealing

READER = "webhooks"
# Tries follow after 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 5.7 h, 22.8 h and 24 h: more than two days in all.
TRIES_MAX = 10
FIRST_WAIT_S = 5
WAIT_GROWS = 4.0
WAIT_MAX_S = 86_400

_ADD = """
insert into plumbing.webhook_endpoint (endpoint_id, institution, url, secret_sealed, kinds, scope, shape, created_at)
values (%s, %s, %s, %s, %s, %s, %s, plumbing.now())
"""
_MOVE = "update plumbing.webhook_endpoint set state = %s, rests_until = '-infinity' where endpoint_id = %s"
_FAN_OUT = """
insert into plumbing.webhook_delivery (endpoint_id, event_id, body)
select e.endpoint_id, o.event_id,
       jsonb_build_object('type', o.kind,
                          'timestamp', to_char(o.happened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                          'data', case when e.scope = 'all' then o.payload
                                       else o.payload - array['citizen_id', 'institutions', 'open_ids']
                                            || jsonb_build_object('open_id',
                                                                  o.payload #> array['open_ids', e.institution])
                                  end || jsonb_build_object('subject', o.subject))::text
  from plumbing.webhook_endpoint e
  join plumbing.outbox o on o.kind = any(e.kinds)
 where e.state = 'active' and e.shape = 'events' and o.xid > %s::xid8 and o.xid <= %s::xid8
   and (e.scope = 'all' or o.payload -> 'institutions' ? e.institution)
    on conflict do nothing
"""
# The lease keeps other workers away while we ask; a worker that dies leaves the delivery due again.
_TAKE = """
with due as (
    select d.endpoint_id, d.event_id, e.url, e.secret_sealed, e.shape
      from plumbing.webhook_delivery d
      join plumbing.webhook_endpoint e using (endpoint_id)
     where d.state = 'waiting' and d.due_at <= now() and e.state = 'active' and e.rests_until <= now()
     order by d.due_at
     limit %s
       for update of d skip locked)
update plumbing.webhook_delivery d
   set tries = d.tries + 1, due_at = clock_timestamp() + make_interval(secs => %s)
  from due
 where d.endpoint_id = due.endpoint_id and d.event_id = due.event_id
returning d.endpoint_id, d.event_id, due.url, due.secret_sealed, d.body, d.tries, due.shape
"""
_ENDPOINTS_OF = """
select endpoint_id, institution from plumbing.webhook_endpoint
 where shape = %s and state = 'active' and institution = any (%s)
"""
_QUEUE = """
insert into plumbing.webhook_delivery (endpoint_id, event_id, body)
select * from unnest(%s::uuid[], %s::uuid[], %s::text[]) on conflict do nothing
"""
_RECORD = """
update plumbing.webhook_delivery d
   set state = o.state, last_status = o.status,
       due_at = clock_timestamp() + make_interval(secs => o.wait_s),
       settled_at = case when o.state <> 'waiting' then clock_timestamp() end
  from unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::text[], %s::smallint[], %s::float8[])
       as o(endpoint_id, event_id, tries, state, status, wait_s)
 where d.endpoint_id = o.endpoint_id and d.event_id = o.event_id and d.tries = o.tries and d.state = 'waiting'
"""
_REST = """
update plumbing.webhook_endpoint set rests_until = clock_timestamp() + make_interval(secs => %s)
 where endpoint_id = any(%s)
"""
_REVIVE = """
update plumbing.webhook_delivery set state = 'waiting', tries = 0, due_at = clock_timestamp(), settled_at = null
 where endpoint_id = %s and state = 'dead'
"""
_TRIM = """
delete from plumbing.webhook_delivery where (endpoint_id, event_id) in (
    select endpoint_id, event_id from plumbing.webhook_delivery
     where state <> 'waiting' and settled_at < now() - make_interval(days => %s) order by settled_at limit %s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """Where an institution wants which kinds of events (`voucher.claimed`, `payment.succeeded` ..)."""

    institution: str
    url: str
    kinds: tuple[str, ...]
    scope: str = "own"
    shape: str = "events"  # or coupon: notices in the coupon platform's shape (flows/notify_coupons.py)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to bring one event to one endpoint; `tries` counts this one."""

    endpoint_id: UUID
    event_id: UUID
    url: str
    secret_sealed: bytes
    body: str
    tries: int
    shape: str = "events"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try: the endpoint's HTTP status, None if it did not answer; whether its answer says received."""

    delivery: Delivery
    status: int | None
    is_received: bool = True

    @property
    def state(self) -> str:
        """delivered on any 2xx that says received; dead after the last try; else waiting."""
        if self.status is not None and 200 <= self.status < 300 and self.is_received:
            return "delivered"
        return "dead" if self.delivery.tries >= TRIES_MAX else "waiting"


async def add_endpoint(connection: Connection, endpoint: NewEndpoint, sealing: Sealing) -> tuple[UUID, str]:
    """Register an endpoint; returns its id and its secret (`whsec_..`), which is told only here.

    Raises `BadInput` for an address that is not http(s).
    """
    _check_address(endpoint.url)
    endpoint_id, secret = fresh_id(), "whsec_" + base64.b64encode(os.urandom(32)).decode()
    sealed = sealing.seal(secret, what="webhook")
    row = [
        endpoint_id,
        endpoint.institution,
        endpoint.url,
        sealed,
        list(endpoint.kinds),
        endpoint.scope,
        endpoint.shape,
    ]
    await connection.execute(_ADD, row)
    return endpoint_id, secret


async def pause_endpoint(connection: Connection, endpoint_id: UUID) -> None:
    """Send it nothing and collect nothing for it; what waits goes on waiting."""
    await connection.execute(_MOVE, ["paused", endpoint_id])


async def resume_endpoint(connection: Connection, endpoint_id: UUID) -> None:
    """Send to it again."""
    await connection.execute(_MOVE, ["active", endpoint_id])


async def fan_out(connection: Connection, *, limit: int = 20_000) -> bool:
    """Turn the next events of the outbox into deliveries; False if there was no news."""
    step = await next_step(connection, READER, limit=limit)
    if step is None:
        return False
    await connection.execute(_FAN_OUT, [step.after, step.up_to])
    await mark_read(connection, READER, step)
    return True


async def endpoints_of(connection: Connection, shape: str, institutions: Sequence[str]) -> list[tuple[UUID, str]]:
    """Active endpoints of some institutions in one shape, with their institutions."""
    rows = await (await connection.execute(_ENDPOINTS_OF, [shape, list(institutions)])).fetchall()
    return [(row[0], row[1]) for row in rows]


async def queue_notices(connection: Connection, notices: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Queue notices that were written elsewhere: endpoint, the notice's id, body. A known id is left as it is."""
    await connection.execute(_QUEUE, [list(column) for column in zip(*notices, strict=True)])


async def take_due(connection: Connection, *, limit: int, lease_s: float) -> list[Delivery]:
    """Take deliveries that are due; for `lease_s` seconds nobody else takes them."""
    rows = await (await connection.execute(_TAKE, [limit, lease_s])).fetchall()
    return [Delivery(*row) for row in rows]


async def record(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Write down what came of the tries."""
    columns = (
        [o.delivery.endpoint_id for o in outcomes],
        [o.delivery.event_id for o in outcomes],
        [o.delivery.tries for o in outcomes],
        [o.state for o in outcomes],
        [o.status for o in outcomes],
        [wait_s(o.delivery) for o in outcomes],
    )
    await connection.execute(_RECORD, columns)
    silent = list({o.delivery.endpoint_id for o in outcomes if o.status is None})
    if silent:
        # Whoever does not answer at all must not hold up the others' deliveries with its time-outs.
        await connection.execute(_REST, [FIRST_WAIT_S, silent])


async def revive_dead(connection: Connection, endpoint_id: UUID) -> int:
    """Try an endpoint's dead deliveries anew, once it is repaired; returns how many."""
    return (await connection.execute(_REVIVE, [endpoint_id])).rowcount


async def trim_deliveries(connection: Connection, *, days: int, limit: int = 10_000) -> int:
    """Delete deliveries that were settled more than `days` days ago; returns how many."""
    return (await connection.execute(_TRIM, [days, limit])).rowcount


def wait_s(delivery: Delivery) -> float:
    """Seconds until the next try: exponential, less up to half of it by the random bits of the two ids."""
    full = min(FIRST_WAIT_S * WAIT_GROWS ** (delivery.tries - 1), WAIT_MAX_S)
    dice = (delivery.event_id.int ^ delivery.endpoint_id.int ^ delivery.tries * 0x9E37) & 0xFFFF
    return full * (1 - dice / 0x20000)


def sign(delivery: Delivery, *, secret: str, at: datetime) -> Mapping[str, str]:
    """The headers of one try. `at` is the real time in UTC: receivers refuse what is five minutes off."""
    message_id = str(delivery.event_id)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, delivery.body),
    }


def _check_address(url: str) -> None:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadInput(f"{url!r} is no web address: {error}") from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise BadInput(f"{url!r} is no web address: give https://host/path")
