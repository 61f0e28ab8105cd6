-- Guests who pay by card number, tokens on phones, limits of instruments.

-- A guest's card that a citizen bound later: what the guest paid is the citizen's from then on.
alter table payments.instrument add column handed_to uuid;
create index instrument_handed on payments.instrument (handed_to) where handed_to is not null;

-- A card typed at the cashier, on its way to paying one order: verified by its issuer, which texted a code.
create table payments.guest_card (
    cell          smallint not null,           -- the order's
    code_id       uuid     not null,
    order_id      uuid     not null,
    citizen_id    uuid     not null,           -- who bound the card, or the guest that the card stands for
    instrument_id uuid     not null,
    issuer        text     not null,
    phone_tail    text     not null,
    asked_at      timestamptz not null,
    expires_at    timestamptz not null,
    primary key (cell, code_id)
);
create index guest_card_of_order on payments.guest_card (cell, order_id);

-- Pay by phone: a bound card's token on one device. Its number is never the card's; its key never leaves the two ends.
create table payments.phone_token (
    cell          smallint not null,           -- the citizen's
    token_id      uuid     not null,
    citizen_id    uuid     not null,
    instrument_id uuid     not null,
    number        text     not null check (number ~ '^629990[0-9]{13}$'),
    device        text     not null,
    key_sealed    bytea,                       -- null until the bank's code was right
    counter       integer  not null default 0 check (counter between 0 and 65535),  -- the last one that was seen
    payment_fen   bigint   not null check (payment_fen > 0),
    day_fen       bigint   not null check (day_fen >= payment_fen),
    state         text     not null default 'asked' check (state in ('asked', 'active', 'suspended', 'deleted')),
    asked_at      timestamptz not null,
    code_until    timestamptz not null,
    ended_at      timestamptz,
    primary key (cell, token_id),
    unique (cell, number),
    check (state in ('asked', 'deleted') or key_sealed is not null)
);
create index phone_token_of_citizen on payments.phone_token (cell, citizen_id);

-- Each counter of a token once: the tap that a store brought, under the store's idempotency key.
create table payments.phone_tap (
    cell       smallint not null,
    token_id   uuid     not null,
    counter    integer  not null,
    caller_id  uuid     not null,
    key        uuid     not null,
    code_hash  uuid     not null,              -- the pay code that the tap stands for
    amount_fen bigint   not null,
    day        date     not null,
    tapped_at  timestamptz not null,
    primary key (cell, token_id, counter)
);
create index phone_tap_of_day on payments.phone_tap (cell, token_id, day);

-- Limits of an instrument: the citizen's own, and its issuer's for all it issued; null is any.
alter table payments.instrument
    add column payment_fen bigint check (payment_fen > 0),
    add column day_fen     bigint check (day_fen > 0),
    add column no_code_fen bigint check (no_code_fen >= 0);  -- by code, without asking the payer
create table payments.issuer_limit (
    issuer      text primary key,
    payment_fen bigint check (payment_fen > 0),
    day_fen     bigint check (day_fen > 0),
    no_code_fen bigint check (no_code_fen >= 0),
    set_at      timestamptz not null
);
