-- What risk counts. An event is stored in the home cell of each party it touches, once a cell; `homes` names the parties
-- that are counted there. Parties are numbered 1 citizen, 2 device, 3 card, 4 store, 5 licence, 6 cashier, 7 terminal,
-- 8 place; kinds 1 claim, 2 payment, 3 refund. A party's key is 64 bits of its value's MD5.
create schema if not exists risk;

create table risk.event (
    cell      smallint not null,
    event_id  uuid not null,
    at        timestamptz not null,
    amount    bigint not null,                 -- fen, the whole bill
    voucher   bigint not null,                 -- fen, the vouchers' part of it
    citizen   bigint,
    device    bigint,
    card      bigint,
    store     bigint,
    licence   bigint,
    cashier   bigint,
    terminal  bigint,
    place     bigint,
    kind      smallint not null check (kind between 1 and 3),
    homes     smallint not null check (homes between 0 and 255), -- bit n - 1 is party n
    primary key (cell, event_id)
);
create index event_of_citizen on risk.event (cell, citizen, kind, at) where homes & 1 <> 0;
create index event_of_device on risk.event (cell, device, kind, at) where homes & 2 <> 0;
create index event_of_card on risk.event (cell, card, kind, at) where homes & 4 <> 0;
create index event_of_store on risk.event (cell, store, kind, at) where homes & 8 <> 0;
create index event_of_licence on risk.event (cell, licence, kind, at) where homes & 16 <> 0;
create index event_of_cashier on risk.event (cell, cashier, kind, at) where homes & 32 <> 0;
create index event_of_terminal on risk.event (cell, terminal, kind, at) where homes & 64 <> 0;
create index event_of_place on risk.event (cell, place, kind, at) where homes & 128 <> 0;
create index event_by_time on risk.event (cell, at);

-- Up to which hour the events of a cell may be rolled into tiles; a later event of an earlier hour is late.
create table risk.rolling (
    cell      smallint primary key,
    rolled_to timestamptz not null
);

-- A party with so many events that its past is read from tiles: all before `rolled_to` is in them. A late event sets
-- `stale`; the party is then read from its events until its tiles are made anew.
create table risk.busy (
    cell      smallint not null,
    party     smallint not null,
    key       bigint not null,
    rolled_to timestamptz not null,
    stale     boolean not null default false,
    primary key (cell, party, key)
);

-- One hour or one day (UTC) of one busy party. `of` 0: its events of a kind. `of` 1 to 8: how many citizens, devices ..
-- it met for the last time (before `rolled_to`) in this hour or day, so that distinct values add up over tiles.
create table risk.tile (
    cell    smallint not null,
    party   smallint not null,
    key     bigint not null,
    starts  timestamptz not null,
    n       bigint not null,
    amount  bigint not null,
    voucher bigint not null,
    hours   smallint not null check (hours in (1, 24)),
    kind    smallint not null,
    of      smallint not null check (of between 0 and 8),
    primary key (cell, party, key, hours, kind, of, starts)
);
-- Whose distinct values are kept for busy parties: `of` by `party`. Others are counted from events.
create table risk.pair (
    party smallint not null,
    of    smallint not null check (of <> party),
    primary key (party, of)
);
insert into risk.pair (party, of) values
    (1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (5, 1), (6, 1), (7, 1), (7, 3);
create table risk.met (
    cell    smallint not null,
    party   smallint not null,
    key     bigint not null,
    other   bigint not null,
    last_at timestamptz not null,
    kind    smallint not null,
    of      smallint not null check (of between 1 and 8),
    primary key (cell, party, key, kind, of, other)
);
create index met_by_time on risk.met (cell, party, key, kind, of, last_at);
