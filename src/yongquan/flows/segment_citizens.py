"""Find the citizens of an audience: one SQL a cell, whose text never changes; the rules are its parameters.

It reads citizens, payments and vouchers, which lie in the citizen's own cell, and the small table of stores. Those who
are blocked, or want no vouchers they did not ask for, are never found.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.plumbing.clock import business_day, day_start
from yongquan.plumbing.db import Connection
from yongquan.vouchers.ways.audience import Audience, ExpiredHolders, Held, ListedCitizens, Paid, SegmentRules

_SEGMENT = """
select c.citizen_id, coalesce(c.home_adcode, '') as adcode, 1 as copies
  from citizens.citizen c
 where c.cell = %(cell)s and c.state = 'active'
   and (%(districts)s::text[] is null or c.home_adcode = any (%(districts)s))
   and (%(born_until)s::date is null or c.born_on <= %(born_until)s)
   and (%(born_after)s::date is null or c.born_on > %(born_after)s)
   and (%(issuers)s::text[] is null or c.card_issuers && %(issuers)s)
   and (%(registered_since)s::timestamptz is null or c.registered_at >= %(registered_since)s)
   and (%(registered_before)s::timestamptz is null or c.registered_at < %(registered_before)s)
   and (%(paid_since)s::timestamptz is null or exists (
        select from (select count(p.payment_id) as payments, coalesce(sum(p.amount_fen), 0) as amount_fen
                       from payments.payment p left join merchants.store s on s.store_id = p.store_id
                      where p.cell = c.cell and p.citizen_id = c.citizen_id and p.state = 'succeeded'
                        and p.begun_at >= %(paid_since)s
                        and (%(paid_industries)s::text[] is null or s.industry = any (%(paid_industries)s))) paid
         where paid.payments >= coalesce(%(payments_min)s::int, 0)
           and (%(payments_max)s::int is null or paid.payments <= %(payments_max)s)
           and paid.amount_fen >= coalesce(%(amount_min)s::bigint, 0)))
   and (%(held_since)s::timestamptz is null or exists (
        select from (select count(v.voucher_id) as claimed,
                            count(v.voucher_id) filter (where v.state = 'redeemed') as redeemed,
                            count(v.voucher_id) filter (where v.state = 'expired') as expired
                       from vouchers.voucher v
                      where v.cell = c.cell and v.citizen_id = c.citizen_id and v.state <> 'void'
                        and v.claimed_at >= %(held_since)s) held
         where held.claimed >= coalesce(%(claimed_min)s::int, 0)
           and (%(claimed_max)s::int is null or held.claimed <= %(claimed_max)s)
           and held.redeemed >= coalesce(%(redeemed_min)s::int, 0)
           and (%(redeemed_max)s::int is null or held.redeemed <= %(redeemed_max)s)
           and held.expired >= coalesce(%(expired_min)s::int, 0)))
"""
_LISTED = """
select c.citizen_id, coalesce(c.home_adcode, '') as adcode, 1 as copies
  from vouchers.list_member m join citizens.citizen c on c.cell = m.cell and c.citizen_id = m.citizen_id
 where m.cell = %(cell)s and m.list_id = %(list_id)s and c.state = 'active'
"""
_EXPIRED = """
select c.citizen_id, coalesce(c.home_adcode, '') as adcode, count(*)::int as copies
  from vouchers.voucher v join citizens.citizen c on c.cell = v.cell and c.citizen_id = v.citizen_id
 where v.cell = %(cell)s and v.round_id = %(round_id)s and v.state = 'expired' and c.state = 'active'
   and not exists (select from vouchers.regranted g where g.cell = v.cell and g.voucher_id = v.voucher_id)
 group by c.citizen_id, c.home_adcode
"""
_WILLING = """
select found.* from ({}) found
 where not exists (select from citizens.push_opt_out o where o.cell = %(cell)s and o.citizen_id = found.citizen_id)
"""
_FOUND = {kind: _WILLING.format(sql) for kind, sql in {"s": _SEGMENT, "l": _LISTED, "e": _EXPIRED}.items()}
_COUNT = {kind: f"select adcode, sum(copies)::int from ({sql}) w group by adcode" for kind, sql in _FOUND.items()}
_FIX = {
    kind: f"""
insert into vouchers.push_target (cell, push_id, citizen_id, copies)
select %(cell)s, %(push)s, w.citizen_id, w.copies from ({sql}) w on conflict do nothing
"""
    for kind, sql in _FOUND.items()
}
# An expired voucher is noted first and counted from the notes, so that it is issued again once.
_NOTE_REGRANTED = f"""
insert into vouchers.regranted (cell, voucher_id, push_id)
select v.cell, v.voucher_id, %(push)s
  from vouchers.voucher v join ({_FOUND["e"]}) w on w.citizen_id = v.citizen_id
 where v.cell = %(cell)s and v.round_id = %(round_id)s and v.state = 'expired'
on conflict do nothing
"""
_FIX_REGRANTED = """
insert into vouchers.push_target (cell, push_id, citizen_id, copies)
select v.cell, g.push_id, v.citizen_id, count(*)
  from vouchers.regranted g join vouchers.voucher v on v.cell = g.cell and v.voucher_id = g.voucher_id
 where g.cell = %(cell)s and g.push_id = %(push)s group by v.cell, g.push_id, v.citizen_id
on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """How many vouchers an audience takes, exactly, and how many in each home district ('' is unknown)."""

    total: int
    by_district: Mapping[str, int]


async def count_audience(connection: Connection, audience: Audience, *, cells: int, now: datetime) -> AudienceCount:
    """Count an audience as it is now."""
    counts: Counter[str] = Counter()
    kind, facts = _compiled(audience, now)
    for cell in range(cells):
        rows = await (await connection.execute(_COUNT[kind], facts | {"cell": cell})).fetchall()
        counts.update(dict(rows))
    return AudienceCount(counts.total(), dict(sorted(counts.items())))


async def fix_audience(connection: Connection, audience: Audience, *, push_id: UUID, cells: int, now: datetime) -> None:
    """Write down who gets a push; repeated, it adds nobody twice."""
    kind, facts = _compiled(audience, now)
    for cell in range(cells):
        here = facts | {"cell": cell, "push": push_id}
        if isinstance(audience, ExpiredHolders):
            await connection.execute(_NOTE_REGRANTED, here)
            await connection.execute(_FIX_REGRANTED, here)
        else:
            await connection.execute(_FIX[kind], here)


def _compiled(audience: Audience, now: datetime) -> tuple[str, dict[str, object]]:
    """Which SQL, and the parameters that an audience's rules are."""
    match audience:
        case ListedCitizens():
            return "l", {"list_id": audience.list_id}
        case ExpiredHolders():
            return "e", {"round_id": audience.round_id}
        case SegmentRules():
            return "s", _rules(audience, now)


def _rules(segment: SegmentRules, now: datetime) -> dict[str, object]:
    today = business_day(now)
    since, before = segment.registered_since, segment.registered_before
    return {
        "districts": _array(segment.districts),
        # Somebody is 60 from the 60th birthday on, and no longer 60 from the 61st.
        "born_until": None if segment.age_from is None else _years_before(today, segment.age_from),
        "born_after": None if segment.age_to is None else _years_before(today, segment.age_to + 1),
        "issuers": _array(segment.card_issuers),
        "registered_since": None if since is None else day_start(since),
        "registered_before": None if before is None else day_start(before),
        **_paid(segment.paid, now),
        **_held(segment.vouchers, now),
    }


def _paid(paid: Paid | None, now: datetime) -> dict[str, object]:
    return {
        "paid_since": None if paid is None else now - timedelta(days=paid.days),
        "paid_industries": None if paid is None else _array(paid.industries),
        "payments_min": None if paid is None else paid.payments_min,
        "payments_max": None if paid is None else paid.payments_max,
        "amount_min": None if paid is None else paid.amount_min_fen,
    }


def _held(held: Held | None, now: datetime) -> dict[str, object]:
    return {
        "held_since": None if held is None else now - timedelta(days=held.days),
        "claimed_min": None if held is None else held.claimed_min,
        "claimed_max": None if held is None else held.claimed_max,
        "redeemed_min": None if held is None else held.redeemed_min,
        "redeemed_max": None if held is None else held.redeemed_max,
        "expired_min": None if held is None else held.expired_min,
    }


def _years_before(day: date, years: int) -> date:
    # 29 February has no day of its own in common years: count from the 28th.
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _array(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
