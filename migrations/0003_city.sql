-- Citizens, and vouchers: campaign -> round -> type -> voucher.
create schema citizens;
create schema vouchers;
create schema flows;

create table citizens.citizen (
    cell          smallint not null,
    citizen_id    uuid     not null,
    phone_index   bytea    not null,           -- blind index of the phone number; its first bits give the bucket
    phone_sealed  bytea    not null,
    name_sealed   bytea    not null,
    born_on       date,
    home_adcode   text,
    card_issuers  text[]   not null default '{}',  -- institutions of the bound cards, kept by bind_instrument
    state         text     not null default 'active' check (state in ('active', 'blocked')),
    registered_at timestamptz not null,
    primary key (cell, citizen_id),
    unique (cell, phone_index)
);

create table vouchers.campaign (
    campaign_id uuid primary key,
    code        text not null unique,
    name        text not null,
    name_en     text not null,
    funder_id   text not null,                 -- institutions.funder
    adcode      text,                          -- the area of the funder; null is the whole city
    state       text not null,
    starts_at   timestamptz not null,
    ends_at     timestamptz not null check (ends_at > starts_at),
    budget_fen  bigint not null check (budget_fen >= 0),
    rules       jsonb not null,                -- refund policy, stacking, direction, order of choice
    created_at  timestamptz not null
);

create table vouchers.round (
    round_id     uuid primary key,
    campaign_id  uuid not null references vouchers.campaign,
    name         text not null,
    name_en      text not null,
    mode         text not null check (mode in ('grab')),
    state        text not null,
    opens_at     timestamptz not null,
    closes_at    timestamptz not null check (closes_at > opens_at),
    daily_from   time,                         -- claim hours of the day, Asia/Shanghai
    daily_until  time,
    districts    text[],                       -- the citizen must be in one of these; null is anywhere
    age_min      smallint,
    card_issuers text[],                       -- a bound card of one of these; null is any citizen
    list_id      uuid,                         -- the citizen must be on this list
    cap_round             integer check (cap_round > 0),
    cap_day               integer check (cap_day > 0),
    cap_campaign          integer check (cap_campaign > 0),
    cap_industry          integer check (cap_industry > 0),
    cap_industry_round    integer check (cap_industry_round > 0),
    version      bigint not null default 1     -- raised by every change, so that processes reload
);
create index round_by_campaign on vouchers.round (campaign_id);

create table vouchers.voucher_type (
    type_id       uuid primary key,
    round_id      uuid not null references vouchers.round,
    name          text not null,
    name_en       text not null,
    industry      text,                        -- null is a general voucher
    amount_fen    bigint not null check (amount_fen > 0),   -- the reserve of a percentage voucher
    threshold_fen bigint not null check (threshold_fen >= 0),
    rate_bp       integer check (rate_bp between 1 and 10000),  -- part taken off; null is an amount
    stock         integer not null check (stock >= 0),
    valid_from    timestamptz,                 -- null: from the claim
    valid_until   timestamptz,                 -- null: valid_days calendar days counting the day of the claim
    valid_days    integer check (valid_days > 0),
    districts     text[],                      -- shops of these districts; null is any shop of the campaign
    hardship_only boolean not null default false,
    check (valid_until is not null or valid_days is not null)
);
create index voucher_type_by_round on vouchers.voucher_type (round_id);

-- A round's stock, divided among cells; a cell that runs dry takes from the richest.
create table vouchers.stock (
    cell    smallint not null,
    type_id uuid     not null references vouchers.voucher_type,
    stock   integer  not null check (stock >= 0),
    claimed integer  not null default 0 check (claimed between 0 and stock),
    primary key (cell, type_id)
) with (fillfactor = 20);

create table vouchers.list_member (
    cell       smallint not null,
    list_id    uuid not null,
    citizen_id uuid not null,
    primary key (cell, list_id, citizen_id)
);

create table vouchers.voucher (
    cell          smallint not null,
    voucher_id    uuid     not null,
    citizen_id    uuid     not null,
    campaign_id   uuid     not null,
    round_id      uuid     not null,
    type_id       uuid     not null,
    industry      text,
    claim_no      bigint   not null,
    claim_key     uuid     not null,           -- hash of the caller's Idempotency-Key
    claim_hash    uuid     not null,           -- hash of the request's body
    claimed_at    timestamptz not null,
    claimed_on    date     not null,           -- business day, Asia/Shanghai
    amount_fen    bigint   not null,
    threshold_fen bigint   not null,
    valid_from    timestamptz not null,
    valid_until   timestamptz not null,
    state         text     not null default 'held'
        check (state in ('held', 'locked', 'frozen', 'redeemed', 'expired', 'forfeited', 'void')),
    payment_id    uuid,
    redeemed_fen  bigint,                      -- what it took off, while locked or redeemed
    recycled_fen  bigint   not null default 0, -- what of it went back for good
    primary key (cell, voucher_id)
) with (fillfactor = 85);
-- Serves the wallet, the caps (counted from the vouchers themselves) and idempotency.
create unique index voucher_of_citizen on vouchers.voucher (cell, citizen_id, claim_key);
create index voucher_due on vouchers.voucher (cell, valid_until) where state = 'held';
create index voucher_recycled on vouchers.voucher (round_id, type_id) include (recycled_fen) where recycled_fen > 0;

-- How much of a type's recycled vouchers the budget has had back, and in how many turns.
create table vouchers.recycled (
    type_id uuid primary key references vouchers.voucher_type,
    fen     bigint not null,
    turn    integer not null
);
