-- Pre-authorisations: an order may hold money first and take it later.

alter table payments.trade_order
    add column kind text not null default 'purchase' check (kind in ('purchase', 'preauth')),
    add column paid_fen bigint check (paid_fen > 0),   -- what was paid: a completion may differ from the order
    drop constraint trade_order_state_check,
    drop constraint trade_order_check,
    add constraint trade_order_state_check check (state in (
        'created', 'pending', 'unknown', 'authorised', 'succeeded', 'failed', 'reversed', 'partly_refunded',
        'refunded', 'closed')),
    add constraint trade_order_refunded_check check (refunded_fen between 0 and coalesce(paid_fen, amount_fen)),
    add constraint trade_order_authorised_check check (kind = 'preauth' or state <> 'authorised');

-- What a try does: it pays, it holds, or it completes a hold with an amount of its own.
alter table payments.attempt
    add column deed text not null default 'pay' check (deed in ('pay', 'hold', 'complete')),
    add column amount_fen bigint check (amount_fen > 0),
    add check ((deed = 'complete') = (amount_fen is not null));

-- Money kept back at an issuer for an order, by one of its attempts. With sent_at, stan names the message.
create table payments.preauth (
    cell            smallint not null,         -- the order's
    order_id        uuid     not null,
    attempt_no      smallint not null,
    store_id        uuid     not null,
    citizen_id      uuid     not null,
    instrument_id   uuid     not null,
    issuer          text     not null,
    acquirer        text     not null,
    mcc             text     not null,
    amount_fen      bigint   not null check (amount_fen > 0),
    state           text     not null check (state in ('asking', 'unknown', 'held', 'declined', 'freeing', 'freed')),
    authorization_code text,
    response_code   text,
    settlement_date date     not null,
    stan            integer  not null,
    sent_at         timestamptz not null,
    free_stan       integer,                   -- the message that frees the hold, sent until it is answered
    free_sent_at    timestamptz,
    free_reason     text     not null default '' check (free_reason in ('', 'cancelled', 'expired', 'late')),
    begun_at        timestamptz not null,
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    look_at         timestamptz,
    primary key (cell, order_id, attempt_no),
    check (state not in ('held', 'freeing', 'freed') or authorization_code is not null),
    check ((state in ('freeing', 'freed')) = (free_stan is not null))
) with (fillfactor = 85);
create index preauth_due on payments.preauth (look_at) where look_at is not null;
create index preauth_of_instrument on payments.preauth (instrument_id) where state in ('asking', 'unknown', 'held');

-- Reversals are kept and sent again, as 0421 after the first 0420, until the issuer answers: one a payment or a hold.
create table payments.reversal (
    cell        smallint not null,
    subject_id  uuid     not null,             -- the payment, or (order, attempt) of a hold
    issuer      text     not null,
    stan        integer  not null,
    sent_at     timestamptz not null,
    tries       integer  not null default 0 check (tries >= 0),
    kept_at     timestamptz not null,
    answered_at timestamptz,
    primary key (cell, subject_id)
);
create index reversal_open on payments.reversal (kept_at) where answered_at is null;

-- By which line a card message goes: the longest card prefix of the issuer first, then the cheapest line that is open.
create table payments.route (
    issuer       text     not null,            -- institutions.institution
    bin          text     not null check (bin ~ '^[0-9]{0,8}$'),  -- '': every card of the issuer
    line         smallint not null check (line between 1 and 9),
    cost_fen     integer  not null check (cost_fen >= 0),         -- of one message
    is_open      boolean  not null default true,                  -- staff may close a line
    promotion    text     not null default '', -- what the issuer gives on its own, shown beside the card
    promotion_en text     not null default '',
    primary key (issuer, bin, line)
);

-- One of a citizen's cards is offered first.
alter table payments.instrument add column is_default boolean not null default false;
create unique index instrument_default on payments.instrument (cell, citizen_id) where is_default and state = 'bound';
alter table payments.instrument drop constraint instrument_kind_check,
    add constraint instrument_kind_check check (kind in ('card', 'wallet', 'account'));

-- A card on its way to being bound: its holder was verified, and the issuer texted a code.
create table payments.binding (
    cell          smallint not null,           -- the citizen's
    binding_id    uuid     not null,
    citizen_id    uuid     not null,
    issuer        text     not null,
    pan_sealed    bytea    not null,
    phone_tail    text     not null,
    state         text     not null check (state in ('asked', 'bound', 'given_up')),
    instrument_id uuid,
    asked_at      timestamptz not null,
    expires_at    timestamptz not null,
    primary key (cell, binding_id),
    check ((state = 'bound') = (instrument_id is not null))
);
