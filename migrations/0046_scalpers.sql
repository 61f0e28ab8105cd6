-- Scalpers: what the watch found, tips from the public, cases, packs, the joint announcement, requests, appeals.
create schema if not exists risk;

-- One shop in one hour of a business day, as the watch found it. A person's disposition is never overwritten.
create table risk.watch_alert (
    alert_id    uuid primary key,             -- named by store, day and hour
    store_id    uuid not null,
    adcode      text not null,
    day         date not null,
    hour        smallint not null check (hour between 0 and 23),
    score       smallint not null check (score between 0 and 100),
    reasons     jsonb not null,               -- [{"rule": .., "weight": .., "facts": {..}}], the heaviest first
    payments    uuid[] not null,              -- the hour's payments with vouchers
    voucher_fen bigint not null,
    state       text not null default 'open' check (state in ('open', 'taken', 'dismissed', 'in_case', 'hold_proposed')),
    assignee    uuid,
    reason      text not null default '',
    case_id     uuid,
    hold_id     uuid,
    found_at    timestamptz not null,
    decided_at  timestamptz,
    unique (store_id, day, hour)
);
create index watch_alert_by_day on risk.watch_alert (day desc, hour desc, score desc);

-- Which hours were looked at, and how many shops were busy enough to be judged.
create table risk.watched_hour (
    day        date not null,
    hour       smallint not null check (hour between 0 and 23),
    shops      integer not null,
    alerts     integer not null,
    watched_at timestamptz not null,
    primary key (day, hour)
);

-- A case: its parties, its evidence, what was done, and how it ended. A sanction needs two people.
create table risk.fraud_case (
    case_id      uuid primary key,
    case_no      text not null unique,
    title        text not null,
    adcode       text,
    state        text not null check (state in ('open', 'working', 'proposed', 'closed')),
    outcome      text check (outcome in ('cleared', 'warned', 'recovered', 'suspended', 'referred')),
    basis        text not null default '',
    announcement integer,                      -- the version of the joint announcement it rests on
    opened_by    text not null,
    opened_at    timestamptz not null,
    assignee     uuid,
    proposed_by  text,
    decided_by   text,
    closed_at    timestamptz,
    check (state not in ('proposed', 'closed') or outcome is not null)
);
create table risk.case_party (
    case_id uuid not null references risk.fraud_case,
    kind    text not null check (kind in ('store', 'citizen', 'licence')),
    value   text not null,
    role    text not null check (role in ('suspect', 'witness', 'harmed')),
    primary key (case_id, kind, value)
);
create table risk.case_evidence (
    evidence_id uuid primary key,
    case_id     uuid not null references risk.fraud_case,
    kind        text not null check (kind in ('alert', 'payment', 'tip', 'hold', 'file')),
    ref         text not null,                -- an id, or a file's name
    sha256      bytea,
    media_type  text,
    sealed      bytea,
    added_by    text not null,
    added_at    timestamptz not null,
    unique (case_id, kind, ref),
    check ((kind = 'file') = (sealed is not null and sha256 is not null))
);
create table risk.case_event (
    case_id uuid not null references risk.fraud_case,
    seq     integer not null,
    at      timestamptz not null,
    actor   text not null,
    what    text not null,
    text    text not null default '',
    primary key (case_id, seq)
);
-- Every pack that left the house: for whom, by whom, and what exactly it was.
create table risk.case_pack (
    pack_id    uuid primary key,
    case_id    uuid not null references risk.fraud_case,
    bureau     text not null check (bureau in ('police', 'market', 'finance', 'audit')),
    request_id uuid,                          -- the request that opens personal data to the police
    sha256     bytea not null,
    size       integer not null,
    made_by    text not null,
    made_at    timestamptz not null
);
create index case_pack_of on risk.case_pack (case_id, made_at);

-- What the public tells. The receipt is kept as a blind index only; what was told and how to reach the sender is sealed.
create table risk.tip (
    tip_id         uuid primary key,
    receipt_index  bytea not null unique,
    key            uuid not null unique,
    subject_kind   text not null check (subject_kind in ('shop', 'person')),
    subject_sealed bytea not null,
    told_sealed    bytea not null,
    contact_sealed bytea,                     -- null: anonymous
    citizen_id     uuid,                      -- null: sent without an account
    store_id       uuid,
    state          text not null check (state in ('received', 'looking', 'in_case', 'closed')),
    case_id        uuid,
    outcome        text check (outcome in ('confirmed', 'unproven', 'not_our_business')),
    answer         text not null default '',  -- what the sender reads
    sent_at        timestamptz not null,
    taken_by       text,
    ended_at       timestamptz,
    check (state <> 'closed' or outcome is not null)
);
create index tip_waiting on risk.tip (state, sent_at);
create index tip_of_citizen on risk.tip (citizen_id, sent_at) where citizen_id is not null;
create table risk.tip_photo (
    photo_id   uuid primary key,
    tip_id     uuid not null references risk.tip,
    sha256     bytea not null,
    media_type text not null,
    sealed     bytea not null,
    unique (tip_id, sha256)
);

-- The joint announcement in versions. Text of a published version never changes.
create table risk.announcement (
    version      integer primary key check (version > 0),
    title        text not null,
    body         text not null,
    title_en     text not null default '',
    body_en      text not null default '',
    issuers      text not null,
    sha256       bytea not null,
    state        text not null check (state in ('draft', 'published')),
    written_by   text not null,
    written_at   timestamptz not null,
    published_by text,
    published_at timestamptz
);
create table risk.announcement_accepted (
    version     integer not null references risk.announcement,
    subject     text not null,                -- store:<id> or application:<id>
    accepted_by text not null,
    accepted_at timestamptz not null,
    primary key (subject, version)
);

-- Requests from authorities for data: taken in, bounded, approved by a second person, exported with hashes.
create table risk.data_request (
    request_id     uuid primary key,
    number         text not null unique,      -- the authority's own number
    authority      text not null,
    legal_basis    text not null,
    officers_sealed bytea not null,           -- two officers: names and badge numbers
    case_id        uuid references risk.fraud_case,
    parties        jsonb not null,            -- [{"kind": "store", "value": ..}]
    from_day       date not null,
    until_day      date not null,             -- the last day that is asked for
    state          text not null check (state in ('taken_in', 'approved', 'refused')),
    reason         text not null default '',
    taken_by       text not null,
    taken_at       timestamptz not null,
    decided_by     text,
    decided_at     timestamptz,
    check (from_day <= until_day),
    check (decided_by is null or decided_by <> taken_by)
);
create table risk.request_export (
    export_id  uuid primary key,
    request_id uuid not null references risk.data_request,
    sha256     bytea not null,
    payments   integer not null,
    made_by    text not null,
    made_at    timestamptz not null
);

-- A shop's appeal against a hold: its words and pictures, answered by somebody who did not impose the hold.
create table payments.hold_appeal (
    appeal_id   uuid primary key,
    hold_id     uuid not null references payments.hold,
    body        text not null,
    state       text not null check (state in ('open', 'upheld', 'refused')),
    answer      text not null default '',
    sent_at     timestamptz not null,
    due_at      timestamptz not null,
    answered_by text,
    answered_at timestamptz
);
create unique index hold_appeal_open on payments.hold_appeal (hold_id) where state = 'open';
create table payments.hold_appeal_photo (
    photo_id  uuid primary key,
    appeal_id uuid not null references payments.hold_appeal,
    sha256    bytea not null,
    sealed    bytea not null,
    unique (appeal_id, sha256)
);
