-- The events of one party in one cell within two instants (both included). Inlined: of the eight branches one is read,
-- by the party's index, since no other has a column of these conditions (`cell + 0` is none).
create or replace function risk.past(
    p_cell int, p_party int, p_key bigint, p_kinds int[], p_since timestamptz, p_until timestamptz
) returns table (event_id uuid, kind smallint, at timestamptz, amount bigint, voucher bigint, others bigint[])
language sql stable as $$
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 1 and e.cell + 0 = p_cell and e.citizen = p_key and e.homes & 1 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 2 and e.cell + 0 = p_cell and e.device = p_key and e.homes & 2 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 3 and e.cell + 0 = p_cell and e.card = p_key and e.homes & 4 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 4 and e.cell + 0 = p_cell and e.store = p_key and e.homes & 8 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 5 and e.cell + 0 = p_cell and e.licence = p_key and e.homes & 16 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 6 and e.cell + 0 = p_cell and e.cashier = p_key and e.homes & 32 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 7 and e.cell + 0 = p_cell and e.terminal = p_key and e.homes & 64 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
    union all
    select e.event_id, e.kind, e.at, e.amount, e.voucher,
           array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place]
      from risk.event e where p_party = 8 and e.cell + 0 = p_cell and e.place = p_key and e.homes & 128 <> 0
                          and e.kind = any (p_kinds) and e.at >= p_since and e.at <= p_until
$$;

-- All features of one event over what is recorded in a cell, in the order of the questions; `p_values` has the values of
-- parties 1 to 8, null where unknown. Measures are count, amount, voucher, distinct, gap. Windows: 1 is 30 days, then 7
-- days, 24 h, 6 h, 1 h, 10 min, 7 is one minute; a window of length w holds (at - w, at]. `p_of` is the party whose
-- values are counted, 0 otherwise. The event itself is left out.
-- A busy party's past before `rolled_to` comes from tiles: whole days, hours of those days that a window's edge cuts, and
-- the events of the cut hours. Questions about a moment before `rolled_to` are answered from the events alone.
create or replace function risk.features(
    p_cell int, p_event uuid, p_at timestamptz, p_values text[], p_party int[], p_measure text[], p_kind int[],
    p_window int[], p_of int[]
) returns bigint[] language plpgsql stable
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
    -- The first instant inside each window, ascending: an instant's bucket is the narrowest window that holds it.
    next timestamptz := p_at + interval '1 microsecond';
    edges timestamptz[] := array[next - interval '720 hours', next - interval '168 hours', next - interval '24 hours',
                                 next - interval '6 hours', next - interval '1 hour', next - interval '10 minutes',
                                 next - interval '1 minute'];
    recorded_at timestamptz := (select e.at from risk.event e where e.cell = p_cell and e.event_id = p_event);
    answers bigint[];
begin
    with q as materialized (
        select u.ord, u.party, u.measure, u.kind, u.win, u.of
          from unnest(p_party, p_measure, p_kind, p_window, p_of)
               with ordinality as u(party, measure, kind, win, of, ord)
         where p_values[u.party] is not null
    ), asked as materialized (
        select g.*, b.rolled_to
          from (select q.party, risk.key(p_values[q.party]) as key, array_agg(distinct q.kind) as kinds,
                       min(q.win) as widest,
                       array_agg(distinct risk.hour_of(edges[q.win])) as cut,
                       array_agg(distinct risk.day_of(edges[q.win])) || risk.day_of(p_at) as cut_days,
                       bool_and(q.of = 0 or exists (select from risk.pair k where k.party = q.party and k.of = q.of))
                           as is_kept
                  from q group by q.party) g
          left join risk.busy b on b.cell = p_cell and b.party = g.party and b.key = g.key and not b.stale
                               and b.rolled_to <= p_at and g.is_kept
                               and (recorded_at is null or recorded_at >= b.rolled_to)
    ), parts as materialized (
        select a.party, a.key, a.kinds, true as is_tail, greatest(a.rolled_to, edges[a.widest]) as since,
               p_at as until
          from asked a
        union all
        select a.party, a.key, a.kinds, false, greatest(c.hour, edges[a.widest]),
               c.hour + interval '1 hour' - interval '1 microsecond'
          from asked a cross join lateral unnest(a.cut) as c(hour)
         where c.hour < a.rolled_to
    ), events as materialized (
        select p.party, p.is_tail, e.kind, width_bucket(e.at, edges) as bucket, e.at, e.amount, e.voucher, e.others
          from parts p
         cross join lateral risk.past(p_cell, p.party, p.key, p.kinds, p.since, p.until) e
         where e.event_id <> p_event
    ), tiles as materialized (
        select a.party, t.kind, t.of, width_bucket(t.starts, edges) as bucket, sum(t.n) as n, sum(t.amount) as amount,
               sum(t.voucher) as voucher, max(t.ends) filter (where t.n > 0) as ends
          from asked a
         cross join lateral (
               select t.*, t.starts + interval '24 hours' as ends from risk.tile t
                where t.cell = p_cell and t.party = a.party and t.key = a.key and t.hours = 24
                  and t.kind = any (a.kinds) and t.starts > edges[a.widest] and t.starts < a.rolled_to
                  and t.starts <> all (a.cut_days)
               union all
               select t.*, t.starts + interval '1 hour'
                 from (select distinct u.day from unnest(a.cut_days) as u(day)) d
                cross join lateral (
                      select t.* from risk.tile t
                       where t.cell = p_cell and t.party = a.party and t.key = a.key and t.hours = 1
                         and t.kind = any (a.kinds) and t.starts >= greatest(d.day, edges[a.widest])
                         and t.starts < least(d.day + interval '24 hours', a.rolled_to)) t
                where t.starts <> all (a.cut)) t
         where a.rolled_to is not null
         group by 1, 2, 3, 4
    ), counted as materialized (
        select e.party, e.kind, e.bucket, count(*) as n, sum(e.amount) as amount, sum(e.voucher) as voucher,
               max(e.at) as last_at
          from events e group by 1, 2, 3
        union all
        select t.party, t.kind, t.bucket, t.n, t.amount, t.voucher, null from tiles t where t.of = 0
    ), pairs as (
        select distinct q.party, q.kind, q.of, a.key, a.rolled_to, a.cut, edges[a.widest] as since
          from q join asked a using (party) where q.measure = 'distinct'
    ), values_met as materialized (
        select p.party, p.kind, p.of, p.key, p.rolled_to, e.others[p.of] as other, max(e.bucket) as bucket
          from pairs p join events e on e.party = p.party and e.kind = p.kind and e.is_tail
         where e.others[p.of] is not null
         group by 1, 2, 3, 4, 5, 6
    ), met as materialized (
        select v.party, v.kind, v.of, v.bucket, 1::numeric as n from values_met v
        union all
        -- Met again since the tiles were made: no longer last met where the tiles count it.
        select v.party, v.kind, v.of, width_bucket(m.last_at, edges), -1
          from values_met v
          join risk.met m on m.cell = p_cell and m.party = v.party and m.key = v.key and m.kind = v.kind
                         and m.of = v.of and m.other = v.other
         where v.rolled_to is not null
        union all
        select p.party, p.kind, p.of, width_bucket(m.last_at, edges), 1
          from pairs p
         cross join lateral unnest(p.cut) as c(hour)
         cross join lateral (
               select m.last_at from risk.met m
                where m.cell = p_cell and m.party = p.party and m.key = p.key and m.kind = p.kind and m.of = p.of
                  and m.last_at >= greatest(c.hour, p.since) and m.last_at < c.hour + interval '1 hour') m
         where c.hour < p.rolled_to
        union all
        select t.party, t.kind, t.of, t.bucket, t.n from tiles t where t.of > 0
    ), answered as (
        select q.ord, sum(case q.measure when 'count' then c.n when 'amount' then c.amount else c.voucher end) as value
          from q join counted c on c.party = q.party and c.kind = q.kind and c.bucket >= q.win
         where q.measure in ('count', 'amount', 'voucher') group by q.ord
        union all
        select q.ord, sum(m.n)
          from q join met m on m.party = q.party and m.kind = q.kind and m.of = q.of and m.bucket >= q.win
         where q.measure = 'distinct' group by q.ord
        union all
        select q.ord, floor(extract(epoch from p_at - l.last_at))
          from q
          join asked a using (party)
         cross join lateral (
               select max(c.last_at) as at from counted c
                where c.party = q.party and c.kind = q.kind and c.bucket > 0) seen
         cross join lateral (
               select max(t.ends) as ends from tiles t
                where t.party = q.party and t.kind = q.kind and t.of = 0) tiled
         cross join lateral (
               select case when tiled.ends is null or tiled.ends <= seen.at then seen.at
                           else (select max(e.at)
                                   from risk.past(p_cell, a.party, a.key, array[q.kind],
                                                  tiled.ends - interval '24 hours', p_at) e
                                  where e.event_id <> p_event)
                      end as last_at) l
         where q.measure = 'gap' and l.last_at is not null
    )
    select array_agg(coalesce(v.value::bigint, case when p_measure[o.ord] = 'gap' then -1 else 0 end) order by o.ord)
      into answers
      from generate_subscripts(p_party, 1) as o(ord) left join answered v on v.ord = o.ord;
    return answers;
end $$;
