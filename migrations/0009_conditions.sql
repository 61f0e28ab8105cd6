-- Fine conditions of claiming and of using, caps over groups, areas, shop groups, devices, platforms.
alter table citizens.citizen
    add column real_name_at   timestamptz,                    -- when the name was verified against an identity
    add column social_card_at timestamptz,                    -- when a social-security card was bound
    add column card_bins      text[] not null default '{}',   -- first eight digits of the bound cards
    add column bank_since     jsonb  not null default '{}';   -- per issuer, when its first card or account was bound

alter table vouchers.round
    add column door  jsonb,                    -- what a process checks in memory: weekdays, places, platforms
    add column terms jsonb;                    -- what hot/31 checks in the database; null: the columns above are all
alter table vouchers.voucher_type
    add column cap_groups text[],              -- the groups of the campaign that the type counts in
    add column use        jsonb;               -- conditions and caps of use; null: none
alter table vouchers.list_member add column tier smallint not null default 1 check (tier > 0);
alter table vouchers.voucher
    add column cap_groups text[],              -- of the type, when it was claimed
    add column platform   text,                -- the institution whose app it came through; null is our own
    add column used_on    date,                -- business day of use, kept where a cap of use counts it
    add column used_at    text;                -- licence of the merchant, likewise

-- Areas of funders: named outlines that may overlap divisions.
create table vouchers.area (
    code       text primary key,
    name       text not null,
    name_en    text not null,
    funder_id  text,
    outline    jsonb not null,                 -- a GeoJSON geometry, WGS-84
    changed_at timestamptz not null
);

-- The first citizen who got a voucher with a device, by round or campaign. In the device's own cell.
create table vouchers.device_claim (
    cell       smallint not null,
    scope_id   uuid not null,
    device     uuid not null,                  -- keyed hash
    citizen_id uuid not null,
    voucher_id uuid not null,
    primary key (cell, scope_id, device)
);

-- Named sets of stores.
create table merchants.shop_group (
    code    text primary key,
    name    text not null,
    name_en text not null
);
create table merchants.shop_group_member (
    store_id uuid not null references merchants.store,
    code     text not null references merchants.shop_group,
    primary key (store_id, code)
);

-- They take more arguments, or return more columns, from now on (hot/30, 40, 45, 90, 91).
drop function if exists vouchers.claim(int, int, timestamptz, date, uuid[], vouchers.citizen_facts[], uuid[], uuid[],
                                       uuid[], uuid[], uuid[], timestamptz[], timestamptz[], text[], text);
drop function if exists flows.claim_vouchers(int, int, timestamptz, uuid[], uuid[], uuid[], uuid[], uuid[], uuid[],
                                             timestamptz[], timestamptz[], text[], text);
drop function if exists citizens.facts(int, uuid[]);
drop function if exists merchants.store_facts(uuid[]);
drop function if exists flows.prepare_payments(int, timestamptz, uuid[], uuid[], uuid[], uuid[], uuid[], int[], uuid[],
                                               text[]);
drop function if exists flows.begin_payments(int, timestamptz, payments.new_payment[], uuid[], uuid[], uuid[], text[],
                                             bigint[], bigint[]);
drop type if exists vouchers.citizen_facts;
