-- Versioned rules of the merchants' room: how shops and grids are graded, how providers are paid. One proposes, another
-- decides; a decided version is never changed.
create table merchants.rule_version (
    kind            text    not null check (kind in ('tiers', 'contribution')),
    version_no      integer not null,
    effective_month date    not null check (extract(day from effective_month) = 1),   -- business month, Asia/Shanghai
    document        text    not null,          -- YAML, as it was typed
    digest          text    not null,          -- SHA-256 of the document
    state           text    not null check (state in ('proposed', 'approved', 'refused')),
    reason          text    not null check (length(reason) between 1 and 200),
    proposed_by     text    not null,
    proposed_at     timestamptz not null,
    decided_by      text,
    decided_at      timestamptz,
    primary key (kind, version_no),
    check ((state = 'proposed') = (decided_by is null)),
    check (decided_by is null or decided_by <> proposed_by)
);

-- Grades by business month. A month is graded as often as asked until the next one is; then it stays.
create table merchants.tier_month (
    month        date primary key check (extract(day from month) = 1),
    rule_no      integer not null,             -- 0: the product's first rules
    grid_version integer,                      -- null: no grids were in force
    digest       text    not null,             -- SHA-256 of rules and takings: the same in, the same out
    seen_at      timestamptz not null,         -- takings as they stood then
    computed_at  timestamptz not null,
    computed_by  text    not null,
    shops        integer not null,
    grids        integer not null
);
-- Measures in the order trade (payments), income (fen), activity (days), users (payers); ranks in basis points.
create table merchants.shop_tier (
    month     date   not null references merchants.tier_month,
    store_id  uuid   not null references merchants.store,
    grid      text   not null,                 -- '' where there is none
    peers     text   not null,                 -- whom it was ranked among: an industry, or 'city'
    tier      text   not null,
    score_bp  integer not null check (score_bp between 0 and 10000),
    measures  bigint[] not null,
    ranks     integer[] not null,
    visits_bp integer not null check (visits_bp >= 0),   -- how often it is visited, of the usual
    primary key (month, store_id)
);
create index shop_tier_of_store on merchants.shop_tier (store_id, month);
create table merchants.grid_tier (
    month      date not null references merchants.tier_month,
    code       text not null,
    tier       text not null,
    score_bp   integer not null check (score_bp between 0 and 10000),
    measures   bigint[] not null,
    ranks      integer[] not null,
    shops      integer not null,
    is_key     boolean not null,
    minutes_bp integer not null check (minutes_bp >= 0),  -- how much time it gets, of the usual
    primary key (month, code)
);

-- What providers are paid by. Inputs are kept as they were seen; a statement is what a formula makes of them.
create table merchants.fake_shop (
    store_id uuid primary key references merchants.store,
    month    date not null check (extract(day from month) = 1),   -- the business month that takes the pay back
    reason   text not null check (length(reason) between 1 and 200),
    found_by text not null,
    found_at timestamptz not null
);
create table merchants.contribution_input (
    digest   text primary key,                 -- SHA-256 of the canonical document
    month    date not null,
    provider text not null,
    document jsonb not null
);
create table merchants.contribution_statement (
    statement_id uuid primary key,
    month        date not null check (extract(day from month) = 1),
    provider     text not null,                -- its id
    provider_name text not null,               -- as it was called then
    formula_no   integer not null,             -- 0: the product's first formula
    input_digest text not null references merchants.contribution_input,
    seen_at      timestamptz not null,         -- payments as they stood then
    pay          jsonb not null,               -- every line of it
    earned_fen   bigint not null check (earned_fen >= 0),
    total_fen    bigint not null check (total_fen >= 0),
    owed_fen     bigint not null check (owed_fen >= 0),   -- taken back, but more than there was: of later months
    state        text not null check (state in ('drawn', 'approved', 'refused')),
    drawn_by     text not null,
    drawn_at     timestamptz not null,
    decided_by   text,
    decided_at   timestamptz,
    check ((state = 'drawn') = (decided_by is null)),
    check (decided_by is null or decided_by <> drawn_by)
);
create unique index statement_standing on merchants.contribution_statement (month, provider) where state <> 'refused';
create table merchants.contribution_shop (
    statement_id uuid not null references merchants.contribution_statement,
    store_id     uuid not null,
    units        bigint[] not null,            -- in the order of the formula's measures
    earned_fen   bigint not null,              -- its part of what was earned
    clawed_fen   bigint not null default 0,
    primary key (statement_id, store_id)
);
create index contribution_of_shop on merchants.contribution_shop (store_id);

-- The pool of shops that agreed to be named to banks, wallets and bureaux for their campaigns.
create table merchants.pool_consent (
    store_id     uuid not null references merchants.store,
    consented_at timestamptz not null,
    text_no      integer not null,             -- which wording was agreed to
    consented_by text not null,
    withdrawn_at timestamptz,
    withdrawn_by text,
    primary key (store_id, consented_at),
    check ((withdrawn_at is null) = (withdrawn_by is null))
);
create unique index pool_consent_standing on merchants.pool_consent (store_id) where withdrawn_at is null;
create table merchants.pool_grant (
    grant_id   uuid primary key,
    holder     text not null,                  -- an institution's code, or a bureau's as a funder
    adcodes    text[],                         -- null: the whole city
    industries text[],                         -- null: every industry
    reason     text not null check (length(reason) between 1 and 200),
    granted_by text not null,
    granted_at timestamptz not null,
    revoked_by text,
    revoked_at timestamptz
);
create unique index pool_grant_standing on merchants.pool_grant (holder) where revoked_at is null;
create table merchants.pool_version (
    version_id uuid primary key,
    holder     text not null,
    pool       text not null,                  -- the name it was saved under; its versions are numbered
    version_no integer not null,
    group_code text not null unique,           -- the shop group that campaigns name
    wanted     jsonb not null,                 -- the filter
    month      date,                           -- whose grades the filter read
    members    integer not null,
    digest     text not null,                  -- SHA-256 of filter and members
    saved_by   text not null,
    saved_at   timestamptz not null,
    unique (holder, pool, version_no)
);
create table merchants.pool_member (
    version_id uuid not null references merchants.pool_version,
    store_id   uuid not null,
    left_at    timestamptz,                    -- consent was withdrawn: it is in no later use
    primary key (version_id, store_id)
);
create index pool_member_of_store on merchants.pool_member (store_id);

-- Shops near a place: a box of the map is read from this, not from all shops.
create index store_by_point on merchants.store using gist (point(lon, lat));
