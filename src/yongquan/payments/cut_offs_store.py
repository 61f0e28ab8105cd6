"""The end of a settlement day, told to each issuer: kept before it is sent, sent until it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.plumbing.db import Connection

ASK_AGAIN = timedelta(seconds=3)
_OPEN_DAY = "select payments.open_day(%s)"
# The oldest day that anything can still be stamped with, or that something under way was stamped with.
_KEEP = """
insert into payments.cut_off_notice (issuer, day, kept_at)
select u.issuer, d.day, %(now)s
  from unnest(%(issuers)s::text[]) as u(issuer),
       (select min(s.day) as day from payments.settlement_day s
         where s.state in ('open', 'closing') and s.day <> %(closed)s) d
 where d.day > %(closed)s
   and not exists (select from payments.cut_off_notice n where n.issuer = u.issuer and n.day >= d.day)
on conflict do nothing
"""
_DUE = """
update payments.cut_off_notice n set asked_at = %(now)s, tries = tries + 1
  from (select issuer, day from payments.cut_off_notice
         where answered_at is null and (asked_at is null or asked_at <= %(before)s)
         order by day, issuer for no key update skip locked) d
 where n.issuer = d.issuer and n.day = d.day returning n.issuer, n.day, n.stan, n.sent_at
"""
_STAMP = "update payments.cut_off_notice set stan = %s, sent_at = %s where issuer = %s and day = %s and stan is null"
_ANSWERED = """
update payments.cut_off_notice set answered_at = %s, response = %s
 where issuer = %s and day = %s and answered_at is null
"""
_LAST = """
select distinct on (issuer) issuer, day, kept_at, tries, answered_at, response from payments.cut_off_notice
 order by issuer, day desc
"""


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A cut-off to be told now; without a stamp it was never sent."""

    issuer: str
    day: date
    stamp: MessageStamp | None


@dataclass(frozen=True, slots=True)
class LastCutOff:
    """The newest cut-off of an issuer; `answered_at` None while it has not heard of it."""

    issuer: str
    day: date
    kept_at: datetime
    tries: int
    answered_at: datetime | None
    response: str


async def keep_cut_offs(connection: Connection, issuers: Sequence[str], *, closed: date, now: datetime) -> None:
    """Note that issuers are to hear that a day is closed and all of it has ended; a repeat changes nothing."""
    await connection.execute(_OPEN_DAY, [now])
    await connection.execute(_KEEP, {"issuers": list(issuers), "closed": closed, "now": now})


async def lease_cut_offs(connection: Connection, *, now: datetime) -> list[DueNotice]:
    """What is to be told now, the oldest first; another process leaves it alone for a moment."""
    rows = await (await connection.execute(_DUE, {"now": now, "before": now - ASK_AGAIN})).fetchall()
    found = [DueNotice(i, day, stan and MessageStamp(sent_at=at, stan=stan)) for i, day, stan, at in rows]
    return sorted(found, key=lambda notice: (notice.day, notice.issuer))


async def stamp_cut_off(connection: Connection, notice: DueNotice, stamp: MessageStamp) -> None:
    """Keep the stamp that a notice is first sent under."""
    await connection.execute(_STAMP, [stamp.stan, stamp.sent_at, notice.issuer, notice.day])


async def cut_off_answered(connection: Connection, notice: DueNotice, *, response: str, now: datetime) -> None:
    """Note that the issuer has heard of it."""
    await connection.execute(_ANSWERED, [now, response, notice.issuer, notice.day])


async def last_cut_offs(connection: Connection) -> dict[str, LastCutOff]:
    """The newest cut-off of each issuer, by its code."""
    rows = await (await connection.execute(_LAST)).fetchall()
    return {row[0]: LastCutOff(*row) for row in rows}
