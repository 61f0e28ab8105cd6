-- The cashier: which sites may hold its page in a frame, and payments that wait for their payer's word.

-- Origins (scheme, host, port) that a store registered: its cashier pages may stand in frames of theirs.
create table merchants.cashier_origin (
    store_id uuid not null,
    origin   text not null check (origin ~ '^https?://[a-z0-9.:\[\]-]+$'),
    primary key (store_id, origin)
);

-- A payment by pay code that is above the limit: the payer is asked on the phone first. It becomes the payment of the
-- same id. Lives in the payer's cell. `at_order` and `attempt_no` name the order's attempt, if an order is paid.
create table payments.asked (
    cell          smallint not null,
    payment_id    uuid     not null,
    citizen_id    uuid     not null,
    instrument_id uuid     not null,
    voucher_ids   uuid[],                      -- null: the best ones
    caller_id     uuid     not null,
    key           uuid     not null,
    body_hash     uuid     not null,
    store_id      uuid     not null,
    order_no      text     not null,
    amount_fen    bigint   not null check (amount_fen > 0),
    wish          jsonb    not null,           -- lines, the shop's own offer, the till's number
    state         text     not null check (state in ('asking', 'agreed', 'begun', 'denied', 'timed_out', 'withdrawn',
                                                     'refused')),
    reason        text     not null default '',
    asked_at      timestamptz not null,
    expires_at    timestamptz not null,
    ended_at      timestamptz,
    look_at       timestamptz,                 -- when the sweeper looks; null: it is over
    primary key (cell, payment_id),
    unique (cell, caller_id, key)
) with (fillfactor = 85);
create index asked_due on payments.asked (look_at) where look_at is not null;
create unique index asked_of_order on payments.asked (store_id, order_no, cell)
    where state in ('asking', 'agreed', 'begun');
