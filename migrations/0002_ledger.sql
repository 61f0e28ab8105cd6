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
    code              integer  not null,       -- the kind of posting, see yongquan.ledger.recipes
    flags             integer  not null default 0,
    recorded_at       timestamptz not null,
    xid               bigint   not null default (pg_current_xact_id()::text::bigint),  -- BRIN knows no xid8
    primary key (cell, transfer_id)
);
-- Snapshots and statements walk the table in the order of its transactions.
create index transfer_xid on ledger.transfer using brin (xid) with (pages_per_range = 16);
