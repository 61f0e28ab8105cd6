-- Verification and early warning for institutions: what they report, what they ask, what they are warned of.
create schema if not exists risk;

-- A key of the sandbox opens the risk API's sandbox and nothing else.
alter table institutions.app_key
    add column mode text not null default 'live' check (mode in ('live', 'test'));

-- What an institution may ask of the risk API, and how often; beside what its app may call.
create table institutions.risk_terms (
    institution text primary key references institutions.app,
    scopes      text[] not null check (scopes <@ array['verify', 'report', 'warnings']),
    per_second  integer not null check (per_second > 0),
    per_day     integer not null check (per_day > 0),
    state       text not null default 'active' check (state in ('active', 'paused')),
    since       timestamptz not null
);

-- Each product is counted by itself: vouchers claimed in an app never use up the risk API's day.
alter table institutions.app_usage
    add column product text not null default 'app' check (product in ('app', 'risk', 'sandbox')),
    drop constraint app_usage_pkey,
    add primary key (institution, product, day);

-- What an institution tells of somebody bad. The identifier is here by its blind index alone.
create table risk.report (
    report_id       uuid primary key,
    institution     text not null,
    mode            text not null check (mode in ('live', 'test')),
    subject_kind    text not null check (subject_kind in ('account', 'phone', 'id_no', 'licence_no', 'device')),
    mark            bytea not null,
    kind            text not null check (kind in ('fraud', 'mule', 'gambling', 'cash_out', 'stolen_identity',
                                                  'false_merchant')),
    evidence        text not null check (evidence in ('suspected', 'documented', 'official')),
    reference       text not null,             -- the institution's own number for it
    note_sealed     bytea,                     -- its own secret: told to nobody else
    reported_at     timestamptz not null,
    expires_at      timestamptz not null check (expires_at > reported_at),
    withdrawn_at    timestamptz,
    withdraw_reason text
);
create index report_standing on risk.report (subject_kind, mark) where withdrawn_at is null;
create index report_of on risk.report (institution, mode, reported_at, report_id);

-- An answer, for its asker alone. Nothing of what it rests on is kept with it but the published reasons.
create table risk.verification (
    verification_id uuid primary key,
    institution     text not null,
    mode            text not null check (mode in ('live', 'test')),
    scene           text not null check (scene in ('account_opening', 'merchant_application', 'transfer')),
    level           text not null check (level in ('none', 'low', 'medium', 'high')),
    reasons         text[] not null,           -- code:about
    advice          text not null check (advice in ('accept', 'check', 'step_up', 'refuse')),
    asked_at        timestamptz not null,
    valid_until     timestamptz not null
);
create index verification_of on risk.verification (institution, asked_at);

-- Who asked about what, for a while: how many institutions, never which.
create table risk.asking (
    subject_kind text not null,
    mark         bytea not null,
    asked_at     timestamptz not null,
    institution  text not null,
    primary key (subject_kind, mark, asked_at, institution)
);
create index asking_by_age on risk.asking (asked_at);

-- What one institution asked about transfers: its own past alone is what the event model scores against.
create table risk.asked_transfer (
    verification_id uuid primary key,
    institution     text not null,
    payer           bytea not null,
    payee           bytea not null,
    device          bytea,
    amount_fen      bigint not null check (amount_fen >= 0),
    asked_at        timestamptz not null
);
create index asked_transfer_of on risk.asked_transfer (institution, asked_at);
create index asked_transfer_by_age on risk.asked_transfer (asked_at);

-- Warnings, and to whom each was told with which facts of its own.
create table risk.warning (
    warning_id    uuid primary key,
    mode          text not null check (mode in ('live', 'test')),
    kind          text not null check (kind in ('gambling_merchant', 'relocated_terminal', 'gang_cash_out')),
    subject_kind  text not null check (subject_kind in ('store', 'terminal', 'gang')),
    subject       text not null,
    level         text not null check (level in ('low', 'medium', 'high')),
    reasons       text[] not null,
    published_at  timestamptz not null,
    published_by  text not null
);
create index warning_by_time on risk.warning (published_at desc, warning_id);
create table risk.warning_told (
    warning_id   uuid not null references risk.warning,
    institution  text not null,
    facts        jsonb not null,               -- of this institution's own merchants, terminals and accounts
    xid          xid8 not null default pg_current_xact_id(),
    verdict      text check (verdict in ('seen', 'confirmed', 'false')),
    note_sealed  bytea,
    answered_at  timestamptz,
    primary key (warning_id, institution)
);
create index warning_feed on risk.warning_told (institution, xid, warning_id);
