-- Vouchers that shops design and pay for themselves: the application and what became of it.
-- The voucher itself is a small campaign with a round and a type, like any other.

create table vouchers.own_voucher (
    own_id       uuid primary key,
    code         text not null unique,         -- in the address of its page and its QR code
    store_id     uuid not null,                -- the store it was asked for
    merchant     text not null,                -- the licence, or the store where there is none
    shop         text not null,
    adcode       text not null,
    channel      text not null
        check (channel in ('provider', 'mini_programme', 'merchant_space', 'bureau', 'federation')),
    entered_by   text not null,                -- actor: store:.., institution:.., staff:..
    state        text not null
        check (state in ('draft', 'submitted', 'resubmitted', 'approved', 'rejected', 'withdrawn', 'published')),
    design       jsonb not null,
    reason       text not null default '',     -- of the last rejection
    campaign_id  uuid references vouchers.campaign,
    round_id     uuid references vouchers.round,
    listed       boolean not null default false,
    surplus_turn integer not null default 0,   -- how often unspent budget went back to the merchant's account
    created_at   timestamptz not null,
    submitted_at timestamptz,
    decided_at   timestamptz,
    decided_by   text,
    check (state <> 'published' or (campaign_id is not null and round_id is not null))
);
create index own_voucher_of_merchant on vouchers.own_voucher (merchant, created_at);
create index own_voucher_queue on vouchers.own_voucher (submitted_at) where state in ('submitted', 'resubmitted');
create unique index own_voucher_by_campaign on vouchers.own_voucher (campaign_id) where campaign_id is not null;

-- By which channel an institution's applications come: its key says who it is, this says what it is.
create table vouchers.own_door (
    institution text primary key,
    channel     text not null check (channel in ('provider', 'federation')),
    opened_at   timestamptz not null
);
