-- Plumbing, the rest: webhooks, kept answers, the audit log, the sandbox's SMS; staff; citizens signing in.
create schema staff;

-- How far each reader of the outbox has come: every event of a transaction up to read_to was read.
create table plumbing.outbox_reader (
    reader  text primary key,                  -- webhooks, or the name of a programme
    read_to xid8 not null default '0'
);
insert into plumbing.outbox_reader (reader) values ('webhooks');

create table plumbing.webhook_endpoint (
    endpoint_id   uuid primary key,
    institution   text not null,               -- code of the institution, or operator
    url           text not null check (url ~ '^https?://'),
    secret_sealed bytea not null,
    kinds         text[] not null check (cardinality(kinds) > 0),
    scope         text not null default 'own' check (scope in ('own', 'all')),  -- own: events that name it
    state         text not null default 'active' check (state in ('active', 'paused')),
    rests_until   timestamptz not null default '-infinity',  -- it did not answer: leave it alone until then
    created_at    timestamptz not null
);

-- One event on its way to one endpoint. due_at is the server's own time: the network knows no sandbox clock.
create table plumbing.webhook_delivery (
    endpoint_id uuid not null references plumbing.webhook_endpoint,
    event_id    uuid not null,
    body        text not null,                 -- fixed at fan-out, so that every try sends the same bytes
    state       text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
    tries       smallint not null default 0,
    due_at      timestamptz not null default now(),
    last_status smallint,                      -- null: no answer
    settled_at  timestamptz check ((settled_at is null) = (state = 'waiting')),
    primary key (endpoint_id, event_id)
);
create index webhook_delivery_due on plumbing.webhook_delivery (due_at) where state = 'waiting';
create index webhook_delivery_settled on plumbing.webhook_delivery (settled_at) where state <> 'waiting';

-- Answers to ordinary writes, by the caller's Idempotency-Key.
create table plumbing.kept_answer (
    caller    text not null,
    key       text not null,
    body_hash bytea not null,
    answer    json not null,                   -- json, not jsonb: said again as it was said
    kept_at   timestamptz not null default now(),
    primary key (caller, key)
);
create index kept_answer_by_age on plumbing.kept_answer (kept_at);

-- What people changed: append-only, the leaves of a Merkle tree (RFC 6962).
create table plumbing.audit (
    seq     bigint primary key check (seq >= 0),  -- without gaps, from 0
    at      timestamptz not null,
    actor   text not null,                     -- staff:<id>, citizen:<id>, command
    action  text not null,                     -- round.published, merchant.held ..
    subject text not null,
    before  jsonb,
    after   jsonb,
    leaf    bytea not null check (length(leaf) = 32)
);
create index audit_by_subject on plumbing.audit (subject, seq);

create table plumbing.audit_head (
    size      bigint primary key check (size > 0),
    root      bytea not null check (length(root) = 32),
    peaks     bytea[] not null,                -- roots of the full subtrees, so that sealing reads new leaves only
    sealed_at timestamptz not null
);

create function plumbing.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on plumbing.audit
    for each statement execute function plumbing.refuse_change();
create trigger append_only before update or delete or truncate on plumbing.audit_head
    for each statement execute function plumbing.refuse_change();

-- The sandbox's phone: messages that production would hand to an SMS gateway.
create table plumbing.sandbox_sms (
    message_id  uuid primary key,
    phone_index bytea not null,
    text_sealed bytea not null,
    sent_at     timestamptz not null
);
create index sandbox_sms_by_phone on plumbing.sandbox_sms (phone_index, sent_at);

create table staff.member (
    staff_id      uuid primary key,
    login         text not null unique check (login = lower(login)),
    name_sealed   bytea not null,
    password_hash text not null,               -- argon2id, PHC string
    totp_sealed   bytea not null,
    totp_step     bigint not null default 0,   -- the last 30-second step used: a code works once
    failures      integer not null default 0 check (failures >= 0),
    locked_until  timestamptz,
    state         text not null default 'active' check (state in ('active', 'left')),
    enrolled_at   timestamptz not null
);

create table staff.role_grant (
    staff_id    uuid not null references staff.member,
    role        text not null check (role in ('bureau_officer', 'operator', 'auditor', 'admin')),
    adcode      text,                          -- null: every region
    institution text,                          -- null: every institution
    unique nulls not distinct (staff_id, role, adcode, institution)
);

create table staff.session (
    token_hash bytea primary key,
    staff_id   uuid not null references staff.member,
    opened_at  timestamptz not null,
    expires_at timestamptz not null check (expires_at > opened_at)
);
create index session_by_staff on staff.session (staff_id);

-- One code a phone; the row outlives its code to count the day's messages.
create table citizens.sign_in_code (
    cell        smallint not null,
    phone_index bytea not null,
    code_hash   bytea,                         -- null: used
    sent_at     timestamptz not null,
    tries       smallint not null default 0,
    day         date not null,                 -- business day, Asia/Shanghai
    sent_today  smallint not null,
    primary key (cell, phone_index)
);
