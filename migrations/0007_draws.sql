-- Draws: a round of mode draw is signed up for, drawn in public, and its winners are granted vouchers.
create table vouchers.draw (
    draw_id      uuid primary key,
    round_id     uuid not null unique references vouchers.round,
    state        text not null check (state in
                     ('announced', 'open', 'closed', 'beacon_entered', 'drawn', 'published', 'voided')),
    opens_at     timestamptz not null,
    closes_at    timestamptz not null check (closes_at > opens_at),
    beacon_at    timestamptz not null check (beacon_at > closes_at),
    reveal_by    timestamptz not null check (reveal_by > beacon_at),
    announcement text  not null,               -- hashed as it is, see docs/draw.md
    commitment   bytea not null check (length(commitment) = 32),
    announced_at timestamptz not null,
    secret_sealed bytea not null,              -- until it is published
    key_sealed    bytea not null,              -- makes the pseudonyms; never published
    registrants  integer,
    list_hash    bytea,
    closed_at    timestamptz,
    beacon_value text,
    beacon_by    text,                         -- the notary, as the audit log names staff
    beacon_entered_at timestamptz,
    seed         bytea,
    quotas       jsonb,                        -- places by category and district, as drawn
    cutoffs      jsonb,                        -- the last winning place of each
    winners      integer,
    winners_hash bytea,
    drawn_at     timestamptz,
    granted      integer not null default 0,
    undelivered  integer not null default 0,   -- won, but blocked or out of stock at the grant
    published_at timestamptz,
    void_reason  text,
    voided_at    timestamptz,
    check (state not in ('closed', 'beacon_entered', 'drawn', 'published') or list_hash is not null),
    check (state not in ('beacon_entered', 'drawn', 'published') or beacon_value is not null),
    check (state not in ('drawn', 'published') or winners_hash is not null)
);

-- What is large is kept beside: the closed list's records, and the published result in gzip.
create table vouchers.draw_document (
    draw_id uuid not null references vouchers.draw,
    kind    text not null check (kind in ('records', 'result')),
    content bytea not null,
    primary key (draw_id, kind)
);
alter table vouchers.draw_document alter column content set storage external;

-- One a citizen, whatever app it came by: the earliest stands.
create table vouchers.registration (
    cell          smallint not null,
    draw_id       uuid     not null,
    citizen_id    uuid     not null,
    wishes        bytea    not null,           -- numbers of the announced categories, the most wanted first
    stratum       smallint not null,           -- number of the announced district
    platform      text     not null,
    registered_at timestamptz not null,
    request_key   uuid     not null,
    request_hash  uuid     not null,
    places        integer[],                   -- by wish, the place in its queue, once drawn
    won           smallint,                    -- bit n is wish n, once drawn
    granted_at    timestamptz,
    primary key (cell, draw_id, citizen_id)
);
create index registration_to_grant on vouchers.registration (draw_id, cell) where won > 0 and granted_at is null;

-- A notary enters the beacon.
alter table staff.role_grant drop constraint role_grant_role_check;
alter table staff.role_grant add constraint role_grant_role_check
    check (role in ('bureau_officer', 'operator', 'auditor', 'admin', 'notary'));
