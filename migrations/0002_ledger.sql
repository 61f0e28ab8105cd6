-- Ledger: accounts and transfers, append-only, in the field's vocabulary (debit, credit, pending, post, void).
create schema ledger;

create table ledger.account (
    cell       smallint not null,
    account_id uuid     not null,              -- md5(owner_id ':' kind) for accounts made by recipes
    owner_id   text     not null default '',
    kind       text     not null default '',   -- stock, claimed, budget, subsidy_due ..
    ledger     bigint   not null check (ledger between 0 and 4294967295),
    code       integer  not null check (code between 0 and 65535),
    flags      integer  not null default 0,
    opened_at  timestamptz not null,
    primary key (cell, account_id)
);

create table ledger.transfer (
    cell              smallint not null,
    transfer_id       uuid     not null,
    chain_id          uuid,                    -- the business event that the transfer belongs to
    debit_account_id  uuid     not null,
    credit_account_id uuid     not null,
    amount            bigint   not null check (amount >= 0),
    pending_id        uuid,
    timeout_s         bigint   not null default 0,
    ledger            bigint   not null,
    code              integer  not null,       -- the kind of posting, see yongquan.ledger.model.Posting
    flags             integer  not null default 0,
    recorded_at       timestamptz not null,
    xid               bigint   not null default (pg_current_xact_id()::text::bigint),  -- BRIN knows no xid8
    primary key (cell, transfer_id)
);
-- Snapshots and statements walk the table in the order of its transactions.
create index transfer_xid on ledger.transfer using brin (xid) with (pages_per_range = 16);

-- Accounts whose balances must be known before a transfer (limits, balancing): one row each, locked in id order.
-- Every other account keeps no row, so that no payment waits for it.
create table ledger.guarded (
    cell            smallint not null,
    account_id      uuid     not null,
    debits_pending  bigint   not null default 0 check (debits_pending >= 0),
    debits_posted   bigint   not null default 0 check (debits_posted >= 0),
    credits_pending bigint   not null default 0 check (credits_pending >= 0),
    credits_posted  bigint   not null default 0 check (credits_posted >= 0),
    primary key (cell, account_id)
) with (fillfactor = 50);

-- The life of a pending transfer: pending -> posted, voided or expired, once.
create table ledger.pending (
    cell              smallint not null,
    transfer_id       uuid     not null,
    debit_account_id  uuid     not null,
    credit_account_id uuid     not null,
    amount            bigint   not null,
    state             text     not null check (state in ('pending', 'posted', 'voided', 'expired')),
    expires_at        timestamptz,             -- null: never
    primary key (cell, transfer_id)
) with (fillfactor = 85);
create index pending_due on ledger.pending (cell, expires_at) where state = 'pending';
create index pending_debit on ledger.pending (cell, debit_account_id) where state = 'pending';
create index pending_credit on ledger.pending (cell, credit_account_id) where state = 'pending';

-- Ids spent by a failure that another moment might not have seen: the answer to a repeat must not change.
create table ledger.failed_id (
    cell        smallint not null,
    transfer_id uuid     not null,
    outcome     text     not null,
    failed_at   timestamptz not null,
    primary key (cell, transfer_id)
);

-- What accounts without a balance row had posted in all transactions below the cell's mark.
create table ledger.snapshot (
    cell           smallint not null,
    account_id     uuid     not null,
    debits_posted  bigint   not null,
    credits_posted bigint   not null,
    primary key (cell, account_id)
);
create table ledger.snapshot_mark (
    cell      smallint primary key,
    below_xid bigint not null
);
