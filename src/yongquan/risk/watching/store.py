"""The SQL of the hourly watch: alerts, and the hours that were looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection
from yongquan.risk.watching.model import AlertState, Finding, ShopHour

_COLUMNS = """alert_id, store_id, adcode, day, hour, score, reasons, payments, voucher_fen, state, assignee, reason,
       case_id, hold_id, found_at, decided_at"""
# Numbers follow the records while nobody has decided on the alert.
_SAVE = """
insert into risk.watch_alert as a (alert_id, store_id, adcode, day, hour, score, reasons, payments, voucher_fen,
                                   found_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (store_id, day, hour) do update
   set score = excluded.score, reasons = excluded.reasons, payments = excluded.payments,
       voucher_fen = excluded.voucher_fen
 where a.state in ('open', 'taken')
"""
_WATCHED = """
insert into risk.watched_hour as w (day, hour, shops, alerts, watched_at) values (%s, %s, %s, %s, %s)
on conflict (day, hour) do update set shops = excluded.shops, alerts = excluded.alerts,
                                      watched_at = excluded.watched_at
"""
_HOURS = "select hour, shops, alerts, watched_at from risk.watched_hour where day = %s order by hour"
_DAYS = "select distinct day from risk.watched_hour order by day desc limit 60"
_ALERTED = "select max(day) from risk.watch_alert where (%s::text[] is null or adcode = any (%s))"
_LAST = "select max(watched_at) from risk.watched_hour where day = %s and hour = %s"
_LISTED = f"""
select {_COLUMNS} from risk.watch_alert
 where day = %(day)s and (%(hour)s::int is null or hour = %(hour)s) and score >= %(least)s
   and (%(state)s::text is null or state = %(state)s)
   and (%(rule)s::text is null or reasons @> jsonb_build_array(jsonb_build_object('rule', %(rule)s::text)))
   and (%(places)s::text[] is null or adcode = any (%(places)s))
 order by (state <> 'open'), score desc, hour desc, store_id limit 200
"""
_ONE = f"select {_COLUMNS} from risk.watch_alert where alert_id = %s"
_SOME = f"select {_COLUMNS} from risk.watch_alert where alert_id = any (%s) order by day, hour"
_MOVE = """
update risk.watch_alert
   set state = %(state)s, assignee = coalesce(%(assignee)s, assignee), reason = %(reason)s,
       case_id = coalesce(%(case)s, case_id), hold_id = coalesce(%(hold)s, hold_id), decided_at = %(now)s
 where alert_id = %(alert)s
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands."""

    alert_id: UUID
    store_id: UUID
    adcode: str
    day: date
    hour: int
    score: int
    reasons: Sequence[Mapping[str, Any]]
    payments: Sequence[UUID]
    voucher_fen: int
    state: AlertState
    assignee: UUID | None
    reason: str
    case_id: UUID | None
    hold_id: UUID | None
    found_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts of a day; None is any."""

    day: date
    hour: int | None = None
    state: str | None = None
    rule: str | None = None
    least: int = 0
    places: tuple[str, ...] | None = None


def alert_id_of(hour: ShopHour) -> UUID:
    """The id that the alert of a shop's hour always has."""
    return named_id("watch", hour.store_id, hour.day, hour.hour)


async def save_alerts(
    connection: Connection, found: Iterable[tuple[ShopHour, int, Sequence[Finding]]], *, now: datetime
) -> None:
    """Write what an hour gave; what a person decided stands."""
    rows = [
        (
            *(alert_id_of(hour), hour.store_id, hour.adcode, hour.day, hour.hour, score),
            Jsonb([{"rule": one.rule.value, "weight": one.weight, "facts": dict(one.facts)} for one in findings]),
            [sale.payment_id for sale in hour.redemptions],
            sum(sale.voucher_fen for sale in hour.redemptions),
            now,
        )
        for hour, score, findings in found
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(_SAVE, rows)


async def mark_watched(connection: Connection, day: date, hour: int, *, shops: int, alerts: int, now: datetime) -> None:
    """Remember that an hour was looked at."""
    await connection.execute(_WATCHED, [day, hour, shops, alerts, now])


async def watched_hours(connection: Connection, day: date) -> list[tuple[int, int, int, datetime]]:
    """The hours of a day that were looked at: hour, busy shops, alerts, when."""
    return list(await (await connection.execute(_HOURS, [day])).fetchall())


async def watched_days(connection: Connection) -> list[date]:
    """Days that were looked at, the latest first."""
    return [row[0] for row in await (await connection.execute(_DAYS)).fetchall()]


async def last_alerted(connection: Connection, places: tuple[str, ...] | None) -> date | None:
    """The last day with an alert in these divisions (None: anywhere)."""
    bound = list(places) if places is not None else None
    row = await (await connection.execute(_ALERTED, [bound, bound])).fetchone()
    return row[0] if row else None


async def last_watched(connection: Connection, day: date, hour: int) -> datetime | None:
    """When an hour was last looked at."""
    row = await (await connection.execute(_LAST, [day, hour])).fetchone()
    return row[0] if row else None


async def alerts_listed(connection: Connection, wanted: AlertFilter) -> list[Alert]:
    """A day's alerts, those that wait first, the gravest first."""
    values: dict[str, object] = {"day": wanted.day, "hour": wanted.hour, "state": wanted.state, "rule": wanted.rule}
    values |= {"least": wanted.least, "places": list(wanted.places) if wanted.places is not None else None}
    return [_alert(row) for row in await (await connection.execute(_LISTED, values)).fetchall()]


async def alert_of(connection: Connection, alert_id: UUID, *, lock: bool = False) -> Alert | None:
    """One alert; with `lock`, nobody else moves it until the commit."""
    row = await (await connection.execute((_ONE + (" for update" if lock else "")).encode(), [alert_id])).fetchone()
    return _alert(row) if row else None


async def alerts_of(connection: Connection, alert_ids: Sequence[UUID]) -> list[Alert]:
    """Some alerts, in the order of their hours."""
    return [_alert(row) for row in await (await connection.execute(_SOME, [list(alert_ids)])).fetchall()]


async def move_alert(
    connection: Connection,
    alert: Alert,
    to: AlertState,
    *,
    now: datetime,
    assignee: UUID | None = None,
    reason: str = "",
    case_id: UUID | None = None,
    hold_id: UUID | None = None,
) -> None:
    """Move an alert; the caller has checked the move."""
    values = {"alert": alert.alert_id, "state": to.value, "assignee": assignee, "reason": reason or alert.reason}
    await connection.execute(_MOVE, values | {"case": case_id, "hold": hold_id, "now": now})


def _alert(row: Sequence[Any]) -> Alert:
    named = dict(zip([field.name for field in fields(Alert)], row, strict=True))
    return Alert(**{**named, "state": AlertState(row[9])})
