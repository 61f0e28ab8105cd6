-- The shop's own offer on a bill, which thresholds are measured before or after.
alter table payments.payment add column merchant_offer_fen bigint not null default 0 check (merchant_offer_fen >= 0);
do $$ begin
    if to_regtype('payments.new_payment') is not null then
        alter type payments.new_payment add attribute merchant_offer_fen bigint;
    end if;
end $$;

-- Vouchers that a person froze until a suspicion is looked into. One row a freeze; the last one is the present one.
create table vouchers.frozen (
    freeze_id  uuid     primary key,           -- names the ledger's chain
    cell       smallint not null,
    voucher_id uuid     not null,
    reason     text     not null check (length(reason) between 1 and 200),
    actor      text     not null,              -- as in plumbing.audit
    frozen_at  timestamptz not null,
    thawed_at  timestamptz,
    thawed_by  text,
    thawed_for text
);
create unique index frozen_now on vouchers.frozen (cell, voucher_id) where thawed_at is null;

-- What expired in a campaign is granted again from its push rounds, where its rules say so: a row a round, looked at
-- when it opens and every day after, while it is open.
create table vouchers.regrant_due (
    round_id uuid primary key references vouchers.round,
    due_at   timestamptz not null
);
