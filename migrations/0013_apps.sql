-- Apps of institutions: who may call, for whom, and what of a round is theirs.

-- An institution's own app: its name and how much it may call.
create table institutions.app (
    institution text primary key,              -- a member's code, or a platform of its own
    name        text not null,
    name_en     text not null,
    per_second  integer not null check (per_second > 0),
    per_day     integer not null check (per_day > 0),
    state       text not null default 'active' check (state in ('active', 'paused')),
    added_at    timestamptz not null
);

-- The public keys it signs with; several while one follows another.
create table institutions.app_key (
    key_id         text primary key,
    institution    text not null references institutions.app,
    public_key_pem text not null,
    added_at       timestamptz not null,
    revoked_at     timestamptz
);

-- A nonce works once; those older than the clock window are forgotten. Server's own time.
create table institutions.nonce (
    institution text not null,
    nonce       text not null,
    seen_at     timestamptz not null default now(),
    primary key (institution, nonce)
);
create index nonce_by_age on institutions.nonce (seen_at);

create table institutions.app_usage (
    institution text not null,
    day         date not null,                 -- real calendar day, Asia/Shanghai
    calls       bigint not null,
    primary key (institution, day)
);

-- A citizen as one institution knows the person: by an id that says nothing to another institution.
create table institutions.link (
    cell        smallint not null,
    institution text not null references institutions.app,
    open_id     uuid not null,                 -- its bucket is the citizen's
    citizen_id  uuid not null,
    is_new      boolean not null,              -- this institution brought the citizen to the platform
    linked_at   timestamptz not null,
    unlinked_at timestamptz,
    primary key (cell, institution, open_id)
);
create unique index link_of_citizen on institutions.link (cell, citizen_id, institution);

-- Who did anything through an app in a month.
create table institutions.activity (
    cell        smallint not null,
    institution text not null,
    month       date not null,                 -- its first day
    citizen_id  uuid not null,
    primary key (cell, institution, month, citizen_id)
);

-- Through whose app a voucher came; null is the platform's own.
alter table vouchers.voucher add column if not exists platform text;
create index voucher_of_platform on vouchers.voucher (platform, claimed_on) where platform is not null;

-- An institution's own quota of a type is a type of the same terms, with stock of its own, that others cannot claim.
-- At release_at what is left of it goes back to the type it was taken from.
alter table vouchers.voucher_type
    add column part_of uuid references vouchers.voucher_type,
    add column reserved_for text,
    add column release_at timestamptz,
    add column released_at timestamptz,
    add check ((part_of is null) = (reserved_for is null));
create unique index voucher_type_quota on vouchers.voucher_type (part_of, reserved_for) where part_of is not null;

-- It takes one more argument from now on (hot/90).
do $$ declare old regprocedure; begin
    for old in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where n.nspname = 'flows' and p.proname = 'claim_vouchers' loop
        execute format('drop function %s', old);
    end loop;
end $$;

-- What an institution is told of a closed day, as one file: produced once, then said as it was.
create table institutions.daily_file (
    institution text not null references institutions.app,
    day         date not null,
    body        bytea not null,
    rows        integer not null,
    sha256      text not null,                 -- of the whole file
    produced_at timestamptz not null,
    primary key (institution, day)
);

-- Platforms of their own (S04): the bureau's money they issue, their share of it, and the days they reported.
create table institutions.platform (
    platform        text primary key,
    name            text not null,
    name_en         text not null,
    funder_id       text not null,             -- whose money it issues
    budget_fen      bigint not null check (budget_fen >= 0),
    cap_per_person  integer check (cap_per_person > 0),     -- vouchers a person, over the whole campaign
    cap_per_day_fen bigint check (cap_per_day_fen > 0),     -- face value issued a day
    added_at        timestamptz not null
);

create table institutions.platform_file (
    file_hash   bytea primary key check (length(file_hash) = 32),
    platform    text not null references institutions.platform,
    name        text not null,
    rows        integer not null,
    taken       integer not null,              -- rows that were new and sound
    repeated    integer not null,              -- rows known from an earlier file
    errors      jsonb not null,                -- [line, field, what is wrong]
    imported_at timestamptz not null,
    imported_by text not null
);
create index platform_file_by_time on institutions.platform_file (platform, imported_at);

create table institutions.platform_row (
    platform    text not null references institutions.platform,
    row_id      text not null,                 -- the platform's own number of the row
    row_hash    bytea not null,
    file_hash   bytea not null,
    kind        text not null check (kind in ('issued', 'redeemed', 'returned')),
    day         date not null,
    voucher_no  text not null,
    person      bytea not null,                -- blind index of what the platform calls the person
    campaign    text not null,
    face_fen    bigint not null check (face_fen >= 0),
    order_fen   bigint not null check (order_fen >= 0),
    subsidy_fen bigint not null check (subsidy_fen >= 0),
    primary key (platform, row_id)
);
create index platform_row_by_day on institutions.platform_row (platform, day);

-- Callers in the WeChat Pay v3 shape; what one does is done as its institution's app.
create table institutions.v3_merchant (
    mchid          text primary key,
    appid          text not null,
    institution    text not null references institutions.app,
    serial_no      text not null,
    public_key_pem text not null,
    added_at       timestamptz not null
);
