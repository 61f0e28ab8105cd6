-- The 64 bits by which a party's value is counted; null of null.
create or replace function risk.key(p_value text) returns bigint language sql immutable parallel safe as $$
    select ('x' || left(md5(p_value), 16))::bit(64)::bigint
$$;

-- The home cell of a party: a citizen's own (the bucket in the id), else by the value's key. Cells are a power of two.
create or replace function risk.home(p_party int, p_value text, p_cells int) returns int
language sql immutable parallel safe as $$
    select case when p_cells = 1 then 0
                when p_party = 1 and replace(p_value, '-', '') ~ '^[0-9a-f]{32}$'
                then (('x' || substr(replace(p_value, '-', ''), 14, 3))::bit(12)::int >> 2) & (p_cells - 1)
                else (risk.key(p_value) & (p_cells - 1))::int end
$$;

create or replace function risk.hour_of(p_at timestamptz) returns timestamptz language sql immutable parallel safe as $$
    select date_bin('1 hour', p_at, timestamptz '2000-01-01 00:00:00Z')
$$;

create or replace function risk.day_of(p_at timestamptz) returns timestamptz language sql immutable parallel safe as $$
    select date_bin('1 day', p_at, timestamptz '2000-01-01 00:00:00Z')
$$;

-- The parties of an event that have their home in a cell, as bits.
create or replace function risk.homes(p_cell int, p_cells int, p_parties jsonb) returns smallint
language sql immutable parallel safe as $$
    select coalesce(sum(1 << (n.party::int - 1)), 0)::smallint
      from unnest(array['citizen', 'device', 'card', 'store', 'licence', 'cashier', 'terminal', 'place'])
           with ordinality as n(name, party)
     where p_parties ->> n.name is not null and risk.home(n.party::int, p_parties ->> n.name, p_cells) = p_cell
$$;

-- Store events in one cell, each id once; returns those that are new. A late event makes its busy parties' tiles stale.
-- Holds lock (20044, cell), shared, to the commit: no event of an hour is under way when the hour is closed for rolling.
create or replace function risk.store_events(p_cell int, p_cells int, p_events jsonb) returns uuid[]
language plpgsql as $$
declare
    fresh uuid[];
    rolled timestamptz;
begin
    perform pg_advisory_xact_lock_shared(20044, p_cell);
    with given as (
        select x.*, risk.homes(p_cell, p_cells, x.parties) as homes
          from jsonb_to_recordset(p_events) as x(event_id uuid, kind text, at timestamptz, amount_fen bigint,
                                                 voucher_fen bigint, parties jsonb, spot bigint)
    ), stored as (
        insert into risk.event (cell, event_id, at, amount, voucher, citizen, device, card, store, licence, cashier,
                                terminal, place, kind, homes, spot)
        select p_cell, g.event_id, g.at, g.amount_fen, g.voucher_fen, risk.key(g.parties ->> 'citizen'),
               risk.key(g.parties ->> 'device'), risk.key(g.parties ->> 'card'), risk.key(g.parties ->> 'store'),
               risk.key(g.parties ->> 'licence'), risk.key(g.parties ->> 'cashier'),
               risk.key(g.parties ->> 'terminal'), risk.key(g.parties ->> 'place'),
               array_position(array['claim', 'payment', 'refund'], g.kind), g.homes, g.spot
          from given g order by g.event_id
        on conflict do nothing
        returning event_id
    )
    select array_agg(s.event_id) into fresh from stored s;

    select r.rolled_to into rolled from risk.rolling r where r.cell = p_cell;
    if rolled is not null then
        perform risk.spoil_tiles(p_cell, array(select e.event_id from risk.event e
                                                where e.cell = p_cell and e.event_id = any (fresh) and e.at < rolled));
    end if;
    return coalesce(fresh, '{}');
end $$;

-- The busy parties of late events are read from their events until their tiles are made anew. Their rows are locked
-- whatever their state, so that the roller either sees the late event or is seen to have missed it.
create or replace function risk.spoil_tiles(p_cell int, p_late uuid[]) returns void language plpgsql as $$
begin
    if cardinality(p_late) > 0 then
        perform 1 from risk.busy b
          where b.cell = p_cell and (b.party, b.key) in (select t.party, t.key from risk.parties_of(p_cell, p_late) t)
          order by b.party, b.key for update;
        update risk.busy b set stale = true
          from (select t.party, t.key, min(t.at) as at from risk.parties_of(p_cell, p_late) t group by 1, 2) t
         where b.cell = p_cell and b.party = t.party and b.key = t.key and t.at < b.rolled_to;
    end if;
end $$;

create or replace function risk.parties_of(p_cell int, p_events uuid[])
returns table (party int, key bigint, at timestamptz) language sql stable as $$
    select p.party::int, p.key, e.at
      from risk.event e
     cross join lateral unnest(array[e.citizen, e.device, e.card, e.store, e.licence, e.cashier, e.terminal, e.place])
           with ordinality as p(key, party)
     where e.cell = p_cell and e.event_id = any (p_events) and e.homes & (1 << (p.party::int - 1)) <> 0
$$;

-- Record events in the caller's transaction: what has its home in this cell is counted with the commit, the rest goes to
-- the other cells by the outbox. `p_events`: [{"event_id", "kind", "at", "amount_fen", "voucher_fen", "parties": {..}, "spot"}].
-- Returns how many were new; an id that was recorded before is not counted again.
create or replace function risk.record(p_cell int, p_events jsonb) returns int language plpgsql as $$
declare
    cells int := (select c.cells from plumbing.cells c);
    fresh uuid[] := risk.store_events(p_cell, cells, p_events);
begin
    if cells > 1 and cardinality(fresh) > 0 then
        perform plumbing.emit(p_cell, 'risk.event', array_agg(md5(g.event_id || ':risk')::uuid),
                              array_agg(g.event_id), array_agg(g.event), plumbing.now())
           from (select distinct on (x.event_id) x.event_id, e.event
                   from jsonb_array_elements(p_events) as e(event)
                  cross join lateral (select (e.event ->> 'event_id')::uuid) as x(event_id)
                  where x.event_id = any (fresh) and risk.elsewhere(p_cell, cells, e.event -> 'parties') <> '{}') g
         having count(*) > 0;
    end if;
    return cardinality(fresh);
end $$;

-- The other cells in which an event has to be counted.
create or replace function risk.elsewhere(p_cell int, p_cells int, p_parties jsonb) returns int[]
language sql immutable parallel safe as $$
    select array(select distinct h.cell
                   from unnest(array['citizen', 'device', 'card', 'store', 'licence', 'cashier', 'terminal', 'place'])
                        with ordinality as n(name, party)
                  cross join lateral (select risk.home(n.party::int, p_parties ->> n.name, p_cells)) as h(cell)
                  where p_parties ->> n.name is not null and h.cell <> p_cell order by h.cell)
$$;
