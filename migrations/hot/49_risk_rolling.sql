-- Tiles are made from events, a while after their hour, and may be made anew at any time. The order of things: an hour is
-- closed (nothing is under way in it, whatever comes later knows to be late), busy parties are found, then rolled.

-- Close the hours of a cell before a moment; returns up to where they were closed before. Waits for records under way.
create or replace function risk.close_hours(p_cell int, p_to timestamptz) returns timestamptz language plpgsql as $$
declare
    before timestamptz;
begin
    perform pg_advisory_xact_lock(20044, p_cell);
    select r.rolled_to into before from risk.rolling r where r.cell = p_cell;
    insert into risk.rolling as r (cell, rolled_to) values (p_cell, risk.hour_of(p_to))
    on conflict (cell) do update set rolled_to = greatest(r.rolled_to, excluded.rolled_to);
    return before;
end $$;

-- Note the parties that were seen in some hours and have `p_least` events in 31 days.
create or replace function risk.find_busy(p_cell int, p_since timestamptz, p_until timestamptz, p_least int)
returns bigint language sql as $$
    with seen as (
        select p.party::int as party, p.key, count(*) as n
          from risk.event e
         cross join lateral unnest(array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal,
                                         e.place]) with ordinality as p(key, party)
         where e.cell = p_cell and risk.hour_of(e.at) >= risk.hour_of(p_since)
           and risk.hour_of(e.at) <= risk.hour_of(p_until) and e.at >= p_since and e.at < p_until and p.key is not null
           and e.homes & (1 << (p.party::int - 1)) <> 0
         group by 1, 2 having count(*) > 1
    ), noted as (
        insert into risk.busy (cell, party, key, rolled_to)
        select p_cell, s.party, s.key, '-infinity'
          from seen s
         where not exists (select from risk.busy b where b.cell = p_cell and b.party = s.party and b.key = s.key)
           and p_least = (select count(*)
                            from (select from risk.past(p_cell, s.party, s.key, '{1,2,3}',
                                                        p_until - interval '744 hours', p_until) limit p_least) enough)
        on conflict do nothing returning 1
    )
    select count(*) from noted
$$;

-- Bring the tiles of some busy parties up to the closed hours; returns how many, 0 when all are or are in hand.
create or replace function risk.roll_busy(p_cell int, p_limit int) returns int language plpgsql as $$
declare
    closed timestamptz := (select r.rolled_to from risk.rolling r where r.cell = p_cell);
    parties smallint[];
    keys bigint[];
    sinces timestamptz[];
begin
    with picked as (
        select b.party, b.key, case when b.stale then '-infinity' else b.rolled_to end as since
          from risk.busy b
         where b.cell = p_cell and (b.stale or b.rolled_to < closed)
         order by b.party, b.key limit p_limit for update skip locked
    )
    select array_agg(p.party), array_agg(p.key), array_agg(greatest(p.since, closed - interval '744 hours'))
      into parties, keys, sinces from picked p;
    if parties is null then
        return 0;
    end if;

    delete from risk.tile t using risk.busy b
     where b.cell = p_cell and b.stale and (b.party, b.key) in (select * from unnest(parties, keys))
       and t.cell = p_cell and t.party = b.party and t.key = b.key;
    delete from risk.met m using risk.busy b
     where b.cell = p_cell and b.stale and (b.party, b.key) in (select * from unnest(parties, keys))
       and m.cell = p_cell and m.party = b.party and m.key = b.key;
    perform risk.roll_parties(p_cell, closed, parties, keys, sinces);
    update risk.busy b set rolled_to = closed, stale = false
      from unnest(parties, keys) as p(party, key)
     where b.cell = p_cell and b.party = p.party and b.key = p.key;
    return cardinality(parties);
end $$;

-- Add the events of some parties from `p_since` up to `p_until` to their tiles, in step.
create or replace function risk.roll_parties(
    p_cell int, p_until timestamptz, p_party smallint[], p_key bigint[], p_since timestamptz[]
) returns void language sql
set jit = off set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
    with events as materialized (
        select p.party, p.key, e.kind, e.at, e.amount, e.voucher, e.others
          from unnest(p_party, p_key, p_since) as p(party, key, since)
         cross join lateral risk.past(p_cell, p.party, p.key, '{1,2,3}', p.since,
                                      p_until - interval '1 microsecond') e
    ), meetings as materialized (
        select e.party, e.key, e.kind, p.of, e.others[p.of] as other, max(e.at) as last_at
          from events e join risk.pair p on p.party = e.party
         where e.others[p.of] is not null
         group by 1, 2, 3, 4, 5
    ), changes as (
        select e.party, e.key, e.kind, 0 as of, e.at, 1 as n, e.amount, e.voucher from events e
        union all
        select m.party, m.key, m.kind, m.of, m.last_at, 1, 0, 0 from meetings m
        union all
        select m.party, m.key, m.kind, m.of, k.last_at, -1, 0, 0
          from meetings m
          join risk.met k on k.cell = p_cell and k.party = m.party and k.key = m.key and k.kind = m.kind
                         and k.of = m.of and k.other = m.other
    ), tiles as (
        insert into risk.tile as t (cell, party, key, hours, kind, of, starts, n, amount, voucher)
        select p_cell, c.party, c.key, g.hours, c.kind, c.of, g.starts, sum(c.n), sum(c.amount), sum(c.voucher)
          from changes c
         cross join lateral (values (1, risk.hour_of(c.at)), (24, risk.day_of(c.at))) as g(hours, starts)
         group by c.party, c.key, g.hours, c.kind, c.of, g.starts
        on conflict (cell, party, key, hours, kind, of, starts) do update
            set n = t.n + excluded.n, amount = t.amount + excluded.amount, voucher = t.voucher + excluded.voucher
    )
    insert into risk.met as k (cell, party, key, kind, of, other, last_at)
    select p_cell, m.party, m.key, m.kind, m.of, m.other, m.last_at from meetings m
    on conflict (cell, party, key, kind, of, other) do update set last_at = excluded.last_at
$$;

-- Delete what no window can reach any more; returns how many rows.
create or replace function risk.forget(p_cell int, p_before timestamptz, p_limit int) returns bigint language sql as $$
    with events as (
        delete from risk.event e
         where e.cell = p_cell and e.event_id in (select o.event_id from risk.event o
                                                   where o.cell = p_cell and risk.hour_of(o.at) <= risk.hour_of(p_before)
                                                     and o.at < p_before
                                                   order by risk.hour_of(o.at) limit p_limit)
        returning 1
    ), tiles as (
        delete from risk.tile t where t.cell = p_cell and t.starts < p_before - interval '1 day' returning 1
    ), met as (
        delete from risk.met m where m.cell = p_cell and m.last_at < p_before - interval '1 day' returning 1
    ), busy as (
        delete from risk.busy b
         where b.cell = p_cell and not exists (select from risk.tile t
                                                where t.cell = p_cell and t.party = b.party and t.key = b.key
                                                  and t.hours = 24
                                                  and t.starts >= p_before - interval '1 day') and b.rolled_to > p_before
        returning 1
    )
    select (select count(*) from events) + (select count(*) from tiles) + (select count(*) from met)
           + (select count(*) from busy)
$$;
