-- An approved application may end in a payment to the applicant's card instead of a voucher.
alter table vouchers.application_form add benefit text not null default 'voucher' check (benefit in ('voucher', 'card'));

-- A payment to a card has the stock, the ledger's accounts and the recycling of a voucher that no shop can take.
alter table vouchers.voucher drop constraint voucher_origin_check;
alter table vouchers.voucher add constraint voucher_origin_check
    check (origin in ('grab', 'draw', 'push', 'code', 'gift', 'apply', 'regrant', 'pack', 'card'));

-- The card that an applicant wants to be paid on; another one takes its place when the bank did not take it.
create table vouchers.application_card (
    cell           smallint not null,
    application_id uuid not null,
    card_sealed    bytea not null,             -- by the vault of payments
    card_tail      text not null,
    primary key (cell, application_id)
);

create table vouchers.card_payment (
    cell           smallint not null,
    application_id uuid not null,
    voucher_id     uuid not null,
    type_id        uuid not null references vouchers.voucher_type,
    citizen_id     uuid not null,
    funder_id      text not null,
    amount_fen     bigint not null check (amount_fen > 0),
    purpose        text not null,
    state          text not null check (state in ('due', 'paying', 'paid', 'refused', 'returned', 'given_up')),
    attempt        smallint not null default 1,  -- each is a payout with a number of its own
    reason         text not null default '',
    changed_at     timestamptz not null,
    look_at        timestamptz,                -- when the sweeper looks at it next
    primary key (cell, application_id),
    check ((look_at is not null) = (state in ('due', 'paying')))
);
create index card_payment_due on vouchers.card_payment (look_at) where look_at is not null;
create index card_payment_unpaid on vouchers.card_payment (changed_at)
    where state in ('due', 'paying', 'refused', 'returned');

create index application_of_round on vouchers.application (round_id) where state in ('submitted', 'seconding');
