-- Refunds in parts: each has its own number, amount, fees and shares; together they are never more than was paid.
alter table payments.payment add column refunded_fen bigint not null default 0
    check (refunded_fen between 0 and amount_fen);
update payments.payment set refunded_fen = amount_fen where state = 'refunded';

alter table payments.refund drop constraint refund_cell_payment_id_key;
alter table payments.refund
    add column refund_no        text,                          -- the store's own, or named after its key
    add column key              uuid,                          -- hash of the Idempotency-Key; null: none was sent
    add column asked_fen        bigint,                        -- null: all that was left
    add column amount_fen       bigint,                        -- of the bill: charged_fen and discount_fen together
    add column interchange_fen  bigint not null default 0,
    add column network_fee_fen  bigint not null default 0,
    add column acquirer_fee_fen bigint not null default 0,
    add column reason           text   not null default '';
update payments.refund r
   set refund_no = 'all', amount_fen = r.charged_fen + r.discount_fen, interchange_fen = p.interchange_fen,
       network_fee_fen = p.network_fee_fen, acquirer_fee_fen = p.acquirer_fee_fen
  from payments.payment p where p.cell = r.cell and p.payment_id = r.payment_id;
alter table payments.refund
    alter column refund_no set not null,
    alter column amount_fen set not null,
    add constraint refund_amount_check check (amount_fen > 0 and charged_fen + discount_fen = amount_fen),
    add constraint refund_no_key unique (cell, payment_id, refund_no);
create unique index refund_by_key on payments.refund (cell, payment_id, key) where key is not null;
create unique index refund_under_way on payments.refund (cell, payment_id) where state in ('refunding', 'unknown');

-- What each funder gets back of a refund, voucher by voucher, and what became of the voucher.
create table payments.refund_share (
    cell       smallint not null,
    refund_id  uuid     not null,
    voucher_id uuid     not null,
    funder_id  text     not null,
    type_id    uuid     not null,
    amount_fen bigint   not null check (amount_fen >= 0),
    became     text check (became in ('used', 'returned', 'expired', 'forfeited')),  -- null: not ended yet
    primary key (cell, refund_id, voucher_id, funder_id)
);
insert into payments.refund_share (cell, refund_id, voucher_id, funder_id, type_id, amount_fen)
select r.cell, r.refund_id, s.voucher_id, s.funder_id, s.type_id, s.amount_fen
  from payments.refund r join payments.share s on s.cell = r.cell and s.payment_id = r.payment_id;

-- A refund may free the citizen's cap, by the campaign's rule.
alter table vouchers.voucher add column frees_cap boolean not null default false;

-- Vouchers that a person made void, with the reason that the citizen is told.
create table vouchers.voided (
    cell       smallint not null,
    voucher_id uuid     not null,
    reason     text     not null check (length(reason) between 1 and 200),
    actor      text     not null,              -- as in plumbing.audit
    voided_at  timestamptz not null,
    primary key (cell, voucher_id)
);
