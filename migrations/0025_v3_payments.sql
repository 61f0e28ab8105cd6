-- Merchants in the v3 shape take payments: whose takings they are, and refunds under numbers of their own.

alter table institutions.gateway_merchant add column if not exists store_id uuid references merchants.store;

-- Which order a merchant's refund number belongs to, and where it wants to be told. The refund itself is the payment's.
create table institutions.v3_refund (
    mchid         text not null,
    out_refund_no text not null,
    order_id      uuid not null,               -- payments.trade_order
    body_hash     bytea not null,
    notify_url    text not null default '',
    asked_at      timestamptz not null,
    primary key (mchid, out_refund_no)
);
