-- Several funders on one voucher, what they set aside, and the records behind every movement of their money.

-- A type without rows is paid by its campaign's funder alone; rows of a type add up to 10000.
create table vouchers.type_share (
    type_id   uuid    not null references vouchers.voucher_type,
    place     smallint not null,               -- ties of the largest remainder go to the earlier place
    funder_id text    not null,
    share_bp  integer not null check (share_bp between 1 and 10000),
    primary key (type_id, funder_id),
    unique (type_id, place)
);

-- One row a payment, voucher and funder; face_fen is the funder's own part of what the voucher had reserved.
alter table payments.share drop constraint share_pkey;
alter table payments.share add primary key (cell, payment_id, voucher_id, funder_id);
alter table payments.share drop constraint share_amount_fen_check;
alter table payments.share add check (amount_fen >= 0);

-- What each funder of a co-funded type has had back of it.
create table vouchers.returned (
    type_id   uuid   not null references vouchers.voucher_type,
    funder_id text   not null,
    fen       bigint not null,
    primary key (type_id, funder_id)
);

-- Caps on what funders pay: in all, a settlement day, a shop, a shop and day. No row, no cap, nothing counted.
create table payments.subsidy_cap (
    funder_id text   not null,
    scope     text   not null check (scope in ('total', 'day', 'shop', 'shop_day')),
    limit_fen bigint not null check (limit_fen >= 0),
    primary key (funder_id, scope)
);

-- What was taken under a cap; a row is made by the first payment after the cap, from the shares until then.
create table payments.subsidy_used (
    funder_id text   not null,
    scope     text   not null,
    day       date   not null,                 -- '-infinity': any day
    store_id  uuid   not null,                 -- all zeros: any shop
    used_fen  bigint not null check (used_fen >= 0),
    primary key (funder_id, scope, day, store_id)
);
