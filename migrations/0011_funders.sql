-- Several funders on one voucher, what they set aside, and the records behind every movement of their money.

-- A type without rows is paid by its campaign's funder alone; rows of a type add up to 10000.
create table vouchers.type_share (
    type_id   uuid    not null references vouchers.voucher_type,
    place     smallint not null,               -- ties of the largest remainder go to the earlier place
    funder_id text    not null,
    share_bp  integer not null check (share_bp between 1 and 10000),
    primary key (type_id, funder_id),
    unique (type_id, place)
);

-- One row a payment, voucher and funder; face_fen is the funder's own part of what the voucher had reserved.
alter table payments.share drop constraint share_pkey;
alter table payments.share add primary key (cell, payment_id, voucher_id, funder_id);
alter table payments.share drop constraint share_amount_fen_check;
alter table payments.share add check (amount_fen >= 0);

-- What each funder of a co-funded type has had back of it.
create table vouchers.returned (
    type_id   uuid   not null references vouchers.voucher_type,
    funder_id text   not null,
    fen       bigint not null,
    primary key (type_id, funder_id)
);

-- Caps on what funders pay: in all, a settlement day, a shop, a shop and day. No row, no cap, nothing counted.
create table payments.subsidy_cap (
    funder_id text   not null,
    scope     text   not null check (scope in ('total', 'day', 'shop', 'shop_day')),
    limit_fen bigint not null check (limit_fen >= 0),
    primary key (funder_id, scope)
);

-- What was taken under a cap; a row is made by the first payment after the cap, from the shares until then.
create table payments.subsidy_used (
    funder_id text   not null,
    scope     text   not null,
    day       date   not null,                 -- '-infinity': any day
    store_id  uuid   not null,                 -- all zeros: any shop
    used_fen  bigint not null check (used_fen >= 0),
    primary key (funder_id, scope, day, store_id)
);

-- What became of money and promises beside payments: a row an event, append-only; the event's id names its chain.
create table institutions.funding (
    entry_id    uuid primary key,
    kind        text not null check (kind in ('prepay', 'fund', 'repay_advance', 'deduct', 'recover', 'repay_funder',
                                              'final_account')),
    funder_id   text   not null references institutions.funder,
    campaign_id uuid,                          -- of 'fund' and 'final_account'
    amount_fen  bigint not null check (amount_fen >= 0),
    advance_fen bigint not null check (advance_fen >= 0),
    document_no text   not null,               -- receipt, approval document, audit report
    reason      text   not null,
    facts       jsonb  not null default '{}',  -- a final account's figures, as they were
    recorded_at timestamptz not null,
    recorded_by text   not null
);
create index funding_of_funder on institutions.funding (funder_id, recorded_at);

-- Numbered statements on which a funder's subsidy is invoiced; a period is invoiced once.
create table institutions.subsidy_invoice (
    invoice_no  text   primary key,
    funder_id   text   not null references institutions.funder,
    number      integer not null,
    since       date   not null,
    until       date   not null check (until > since),
    prepaid_fen bigint not null,
    advanced_fen bigint not null,
    issued_at   timestamptz not null,
    issued_by   text   not null,
    unique (funder_id, number),
    unique (funder_id, since, until)
);

alter table staff.role_grant drop constraint role_grant_role_check;
alter table staff.role_grant add constraint role_grant_role_check
    check (role in ('bureau_officer', 'operator', 'auditor', 'admin', 'notary', 'finance'));
alter table staff.role_grant add valid_until timestamptz;    -- null: for good

-- What happens to what a round leaves over: back to its funders' budgets, or issued again in the next round.
alter table vouchers.round add leftover text not null default 'budget' check (leftover in ('budget', 'next_round'));

-- Budget that was moved between types, once by its request.
create table vouchers.budget_move (
    move_id     uuid primary key,
    source_type uuid not null references vouchers.voucher_type,
    target_type uuid not null references vouchers.voucher_type,
    taken       integer not null,
    added       integer not null,
    moved_at    timestamptz not null
);
