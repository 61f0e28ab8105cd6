-- What vouchers did: published analyses of draws, retail figures beside them, the morning's brief.

-- An analysis as published before its draw; never changed, so that nobody chooses it with hindsight.
create table vouchers.effect_plan (
    round_id     uuid primary key references vouchers.round,
    plan         json not null,                -- json, not jsonb: shown again as it was published
    digest       text not null check (digest ~ '^[0-9a-f]{64}$'),
    published_by text not null,
    published_at timestamptz not null
);
create trigger append_only before update or delete or truncate on vouchers.effect_plan
    for each statement execute function plumbing.refuse_change();

-- Every run of an analysis is kept, with what it did otherwise than published and why.
create table vouchers.effect_report (
    report_id   uuid primary key,
    round_id    uuid not null references vouchers.effect_plan,
    plan        json not null,
    deviations  text[] not null,
    reason      text not null,
    result      jsonb not null,
    computed_by text not null,
    computed_at timestamptz not null,
    check (cardinality(deviations) = 0 or reason <> '')
);
create index effect_report_by_round on vouchers.effect_report (round_id, computed_at);
create trigger append_only before update or delete or truncate on vouchers.effect_report
    for each statement execute function plumbing.refuse_change();

-- Monthly retail sales of the province's cities, from the statistics office's publications.
create table vouchers.retail (
    month     date not null check (extract(day from month) = 1),
    city      text not null check (city ~ '^[0-9]{6}$'),
    sales_yuan bigint check (sales_yuan > 0),  -- null: only growth was published
    growth_bp integer not null,                -- year on year, basis points
    imported_at timestamptz not null,
    primary key (month, city)
);

-- One page for the morning: the facts of a business day as they were when it was made.
create table flows.brief (
    day     date primary key,
    facts   jsonb not null,
    made_at timestamptz not null
);

-- What a citizen wants to be reminded of, by text message; nothing without a row.
create table citizens.reminder_wish (
    cell       smallint not null,
    citizen_id uuid     not null,
    kind       text     not null check (kind in ('next_round', 'expiring', 'drawn')),
    language   text     not null check (language in ('zh-CN', 'en')),
    wanted_at  timestamptz not null,
    primary key (cell, citizen_id, kind)
);

-- One message to one citizen about one thing: the key is what makes it once. sending: handed to the gateway, and
-- never handed to it again, whatever became of the process.
create table flows.reminder (
    cell       smallint not null,
    citizen_id uuid     not null,
    kind       text     not null,
    subject    text     not null,              -- what it is about: an opening, a day, a draw
    facts      jsonb    not null,
    due_at     timestamptz not null,
    not_after  timestamptz not null check (not_after > due_at),
    state      text     not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'dropped')),
    settled_at timestamptz,
    primary key (cell, citizen_id, kind, subject)
);
create index reminder_due on flows.reminder (due_at) where state = 'waiting';
