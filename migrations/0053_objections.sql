-- Objections of citizens to what is held against their account, and the nights on which gangs were searched for.
create schema if not exists risk;

-- The daily search of gangs: one search a business day, whichever process begins it.
create table risk.gang_search (
    day      date primary key,                -- the last business day looked at
    begun_at timestamptz not null,
    done_at  timestamptz,                     -- null: running, or broken off
    findings integer
);

-- What the platform no longer counts of a report, because its person objected and was right.
alter table risk.report add column set_aside_at timestamptz;

-- A citizen objects to the listings and reports that stood against them then; staff decide.
create table risk.objection (
    objection_id  uuid primary key,
    citizen_id    uuid not null,
    reason_sealed bytea not null,
    entries       uuid[] not null,            -- of risk.list_entry
    reports       uuid[] not null,            -- of risk.report
    state         text not null check (state in ('open', 'upheld', 'refused')),
    answer        text not null default '',   -- what the citizen reads
    sent_at       timestamptz not null,
    due_at        timestamptz not null,
    answered_by   text,
    answered_at   timestamptz,
    check ((state = 'open') = (answered_by is null)),
    check (state = 'open' or answer <> '')
);
create unique index objection_open on risk.objection (citizen_id) where state = 'open';
create index objection_by_time on risk.objection (sent_at desc);
create index objection_of on risk.objection (citizen_id, sent_at desc);
create table risk.objection_photo (
    photo_id     uuid primary key,
    objection_id uuid not null references risk.objection,
    sha256       bytea not null,
    sealed       bytea not null,
    unique (objection_id, sha256)
);
