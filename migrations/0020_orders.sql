-- Orders that merchants open and somebody pays later, and the attempts to pay each.

-- An order lives in its store's home cell; its number is unique in the store. Times are the product's.
create table payments.trade_order (
    cell         smallint not null,
    order_id     uuid     not null,            -- its bucket is the store's
    store_id     uuid     not null,
    order_no     text     not null check (length(order_no) between 1 and 64),
    door         text     not null,            -- who serves the merchant: native, acp, wechat_v3
    body_hash    uuid     not null,            -- what was asked under the number
    amount_fen   bigint   not null check (amount_fen > 0),
    subject      text     not null,
    state        text     not null check (state in ('created', 'pending', 'unknown', 'succeeded', 'failed', 'reversed',
                                                    'partly_refunded', 'refunded', 'closed')),
    attempts     smallint not null default 0,
    payment_id   uuid,                         -- the payment that paid it
    refunded_fen bigint   not null default 0 check (refunded_fen between 0 and amount_fen),
    facts        jsonb    not null,            -- the door's own, to say again: notify address, the merchant's remarks
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    paid_at      timestamptz,
    ended_at     timestamptz,
    look_at      timestamptz,                  -- when the sweeper looks next; null: nothing is due
    primary key (cell, order_id),
    unique (cell, store_id, order_no),
    check (payment_id is not null or state not in ('succeeded', 'partly_refunded', 'refunded'))
) with (fillfactor = 85);
create index trade_order_due on payments.trade_order (look_at) where look_at is not null;
create index trade_order_of_store on payments.trade_order (store_id, created_at);

-- One try to pay an order with one instrument. The payment is found by the key (order, attempt) in the payer's cell.
create table payments.attempt (
    cell       smallint not null,              -- the order's
    order_id   uuid     not null,
    attempt_no smallint not null check (attempt_no > 0),
    bucket     smallint not null,              -- the payer's
    state      text     not null check (state in ('created', 'pending', 'unknown', 'succeeded', 'failed', 'reversed',
                                                  'returned')),
    payment_id uuid,                           -- null: not begun, or refused before it began
    reason     text     not null default '',   -- why it failed: a refusal's code, or the issuer's response code
    is_late    boolean  not null default false,  -- it succeeded for an order that was over: given back by itself
    begun_at   timestamptz not null,
    ended_at   timestamptz,
    primary key (cell, order_id, attempt_no)
) with (fillfactor = 85);
create index attempt_of_payment on payments.attempt (payment_id);
