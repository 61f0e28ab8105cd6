-- Plumbing: what every room stands on.
create schema plumbing;

-- One row: the number of cells this database was made with (a power of two).
create table plumbing.cells (
    one   boolean primary key default true check (one),
    cells integer not null check (cells between 1 and 1024 and cells & (cells - 1) = 0)
);

-- One row: the business clock. Production leaves rate 1 and offset 0, so that now() is the server's own time.
create table plumbing.clock (
    one         boolean primary key default true check (one),
    anchored_at timestamptz not null,          -- server time at which the clock was set
    shows       timestamptz not null,          -- what the clock showed then
    rate        numeric not null check (rate > 0)
);

create function plumbing.now() returns timestamptz language sql stable as $$
    select coalesce(
        (select shows + (clock_timestamp() - anchored_at) * rate::double precision from plumbing.clock),
        clock_timestamp())
$$;

-- Transactional outbox: written with the fact, delivered after the commit.
create table plumbing.outbox (
    cell       smallint not null,
    event_id   uuid not null,
    kind       text not null,                  -- voucher.claimed, payment.succeeded ..
    subject    uuid not null,                  -- the noun the event is about
    payload    jsonb not null,
    happened_at timestamptz not null,
    xid        xid8 not null default pg_current_xact_id(),
    primary key (cell, event_id)
);
create index outbox_order on plumbing.outbox (xid, event_id);
