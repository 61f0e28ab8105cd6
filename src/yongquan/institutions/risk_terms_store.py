"""The SQL of institutions' standing with the risk API, and of what they used of it."""

from dataclasses import dataclass
from datetime import date, datetime

from yongquan.institutions.risk_terms import RiskTerms, Scope
from yongquan.plumbing.db import Connection

_SAVE = """
insert into institutions.risk_terms (institution, scopes, per_second, per_day, state, since)
values (%s, %s, %s, %s, %s, %s)
on conflict (institution) do update
   set scopes = excluded.scopes, per_second = excluded.per_second, per_day = excluded.per_day, state = excluded.state
"""
_OF_KEY = """
select t.institution, t.scopes, t.per_second, t.per_day, t.state from institutions.risk_terms t where t.institution = %s
"""
_USE = """
select t.institution, a.name, a.name_en, t.scopes, t.per_second, t.per_day, t.state,
       coalesce(u.today, 0)::bigint, coalesce(u.week, 0)::bigint, coalesce(u.sandbox, 0)::bigint, coalesce(k.keys, 0)
  from institutions.risk_terms t
  join institutions.app a on a.institution = t.institution
  left join (select institution, sum(calls) filter (where product = 'risk' and day = %(day)s) as today,
                    sum(calls) filter (where product = 'risk') as week,
                    sum(calls) filter (where product = 'sandbox') as sandbox
               from institutions.app_usage where day > %(day)s::date - 7 and day <= %(day)s group by institution) u
    on u.institution = t.institution
  left join (select institution, count(*) as keys from institutions.app_key
              where revoked_at is null and mode = 'live' group by institution) k on k.institution = t.institution
 where %(words)s = '' or position(lower(%(words)s) in lower(t.institution || ' ' || a.name || ' ' || a.name_en)) > 0
 order by coalesce(u.today, 0) desc, t.institution
"""


@dataclass(frozen=True, slots=True)
class RiskUse:
    """An institution's quota of the risk API and what it used: today, in seven days, in the sandbox in seven days."""

    institution: str
    name: str
    name_en: str
    scopes: tuple[Scope, ...]
    per_second: int
    per_day: int
    state: str
    today: int
    week: int
    sandbox: int
    keys: int

    @property
    def used_bp(self) -> int:
        """What is used of the day's quota, in basis points, rounded down."""
        return self.today * 10_000 // self.per_day


async def save_terms(connection: Connection, terms: RiskTerms, *, now: datetime) -> None:
    """Open the risk API to an institution that has an app, or change what it may do there."""
    row = [terms.institution, sorted(terms.scopes), terms.per_second, terms.per_day, terms.state, now]
    await connection.execute(_SAVE, row)


async def terms_of(connection: Connection, institution: str) -> RiskTerms | None:
    """An institution's standing; None if the risk API was never opened to it."""
    row = await (await connection.execute(_OF_KEY, [institution])).fetchone()
    return RiskTerms(row[0], frozenset(map(Scope, row[1])), row[2], row[3], row[4]) if row else None


async def uses(connection: Connection, *, day: date, words: str = "") -> list[RiskUse]:
    """Every institution of the risk API whose code or name holds `words`, the busiest of the real day first."""
    rows = await (await connection.execute(_USE, {"day": day, "words": words})).fetchall()
    return [RiskUse(*[*row[:3], tuple(map(Scope, row[3])), *row[4:]]) for row in rows]
