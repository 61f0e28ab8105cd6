-- The coupon platform's shape: who calls in it, what it asked us to give, and notices that want an answer of their own.

-- A caller; what it does is done as its institution's app.
create table institutions.coupon_app (
    app_id           text primary key,
    institution      text not null references institutions.app,
    public_key_pem   text not null,            -- signs coupon.download and maktg.draw
    secret_sealed    bytea not null,           -- exchanged for a token
    symmetric_sealed bytea not null,           -- phones and card numbers travel under it
    added_at         timestamptz not null
);

-- Real time: tokens know no sandbox clock.
create table institutions.coupon_token (
    token_hash bytea primary key check (length(token_hash) = 32),
    app_id     text not null references institutions.coupon_app,
    expires_at timestamptz not null
);
create index coupon_token_by_age on institutions.coupon_token (expires_at);

-- One order to give coupons: the same number and day is the same order, and says the same.
create table institutions.coupon_order (
    app_id       text not null references institutions.coupon_app,
    trans_seq_id text not null,
    trans_ts     text not null check (trans_ts ~ '^\d{8}$'),
    body_hash    bytea not null,
    coupon_id    text not null,
    wanted       smallint not null check (wanted > 0),
    outcome      text,                         -- null: begun, and not answered yet
    voucher_ids  uuid[] not null default '{}',
    asked_at     timestamptz not null,
    primary key (app_id, trans_seq_id, trans_ts)
);
create index coupon_order_of_voucher on institutions.coupon_order using gin (voucher_ids);

-- An endpoint of the shape `coupon` gets notices of vouchers and answers {"code":"00"}; only that counts as delivered.
alter table plumbing.webhook_endpoint add column shape text not null default 'events' check (shape in ('events', 'coupon'));

-- Cards are found by number, too.
alter table payments.instrument add column pan_index bytea;
create index instrument_by_pan on payments.instrument (pan_index) where pan_index is not null;
