-- Stores, institutions, and payments with all that one leaves behind.
create schema merchants;
create schema institutions;
create schema payments;

create table merchants.store (
    store_id      uuid primary key,            -- its bucket is the store's home
    name          text not null,
    brand         text,
    licence_no    text not null,               -- unified social credit code, GB 32100
    industry      text not null,
    mcc           text not null,
    adcode        text not null,
    address       text not null,
    lon           double precision not null,
    lat           double precision not null,
    acquirer      text not null,               -- institutions.institution
    account_no    text not null,               -- settlement account at the acquirer
    hardship      boolean not null default false,
    state         text not null default 'open' check (state in ('open', 'suspended', 'closed')),
    registered_at timestamptz not null
);
create index store_by_place on merchants.store (adcode, industry);

create table institutions.institution (
    code       text primary key,
    name       text not null,
    name_en    text not null,
    kind       text not null check (kind in ('bank', 'wallet', 'acquirer')),
    network_id text not null unique
);

-- Who pays for vouchers: a prepaid supervised account at a bank, or an advancer up to a limit.
create table institutions.funder (
    funder_id          text primary key,
    name               text not null,
    name_en            text not null,
    kind               text not null check (kind in ('bureau', 'bank', 'merchant')),
    adcode             text,
    bank               text not null,
    account_no         text not null,          -- the supervised account
    advancer           text,
    advance_limit_fen  bigint not null default 0 check (advance_limit_fen >= 0)
);

create table payments.instrument (
    cell          smallint not null,
    instrument_id uuid     not null,
    citizen_id    uuid     not null,
    issuer        text     not null,
    kind          text     not null check (kind in ('card', 'wallet')),
    pan_sealed    bytea    not null,
    pan_tail      text     not null,           -- the last four digits, for people
    state         text     not null default 'bound' check (state in ('bound', 'unbound')),
    bound_at      timestamptz not null,
    primary key (cell, instrument_id)
);
create index instrument_of_citizen on payments.instrument (cell, citizen_id);

-- One-time codes that a citizen shows: 18 digits, known here by their hash.
create table payments.pay_code (
    cell          smallint not null,
    code_hash     uuid     not null,
    citizen_id    uuid     not null,
    instrument_id uuid     not null,
    voucher_ids   uuid[],                      -- null: the best ones
    expires_at    timestamptz not null,
    payment_id    uuid,
    primary key (cell, code_hash)
);

-- Idempotency: the key of a caller (citizen or store, in the caller's own cell), kept by the first commit.
create table payments.request (
    cell       smallint not null,
    caller_id  uuid     not null,
    key        uuid     not null,
    body_hash  uuid     not null,
    payment_id uuid     not null,
    primary key (cell, caller_id, key)
);

-- A store's order number is unique in its home cell and points to the payment.
create table payments.store_order (
    cell       smallint not null,
    store_id   uuid     not null,
    order_no   text     not null,
    body_hash  uuid     not null,
    payment_id uuid     not null,
    primary key (cell, store_id, order_no)
);

create table payments.payment (
    cell            smallint not null,
    payment_id      uuid     not null,
    citizen_id      uuid     not null,
    store_id        uuid     not null,
    order_no        text     not null,
    instrument_id   uuid     not null,
    issuer          text     not null,
    acquirer        text     not null,
    amount_fen      bigint   not null check (amount_fen > 0),
    discount_fen    bigint   not null check (discount_fen between 0 and amount_fen),
    charged_fen     bigint   not null check (charged_fen >= 0),
    interchange_fen bigint   not null default 0,
    network_fee_fen bigint   not null default 0,
    acquirer_fee_fen bigint  not null default 0,
    state           text     not null
        check (state in ('charging', 'unknown', 'succeeded', 'failed', 'refunding', 'refunded')),
    settlement_date date     not null,         -- stamped by the first commit
    stan            integer  not null,         -- with sent_at the message's identity at the issuer
    sent_at         timestamptz not null,
    rrn             text,
    response_code   text,
    begun_at        timestamptz not null,
    ended_at        timestamptz,
    asked_at        timestamptz,               -- last time the issuer was asked about an unknown outcome
    primary key (cell, payment_id),
    check (discount_fen + charged_fen = amount_fen)
) with (fillfactor = 85);
create index payment_of_citizen on payments.payment (cell, citizen_id, begun_at);
create index payment_of_store on payments.payment (store_id, begun_at);
create index payment_of_day on payments.payment (settlement_date, state);
create index payment_open on payments.payment (cell, begun_at) where state in ('charging', 'unknown', 'refunding');

-- What each funder paid of a payment, voucher by voucher.
create table payments.share (
    cell       smallint not null,
    payment_id uuid     not null,
    voucher_id uuid     not null,
    type_id    uuid     not null,
    funder_id  text     not null,
    amount_fen bigint   not null check (amount_fen > 0),
    face_fen   bigint   not null,              -- what the voucher had reserved; the rest is recycled
    primary key (cell, payment_id, voucher_id),
    check (amount_fen <= face_fen)
);

create table payments.refund (
    cell            smallint not null,
    refund_id       uuid     not null,
    payment_id      uuid     not null,
    charged_fen     bigint   not null,
    discount_fen    bigint   not null,
    settlement_date date     not null,
    state           text     not null check (state in ('refunding', 'unknown', 'succeeded')),
    stan            integer  not null,
    sent_at         timestamptz not null,
    begun_at        timestamptz not null,
    ended_at        timestamptz,
    primary key (cell, refund_id),
    unique (cell, payment_id)
);
create index refund_of_day on payments.refund (settlement_date, state);

-- System trace numbers: handed out in blocks to processes, unique within a second of sending.
create table payments.stan_block (
    one  boolean primary key default true check (one),
    next integer not null
);
insert into payments.stan_block (next) values (0);

-- The network's business day: payments are stamped with the first day that is still open.
-- closing: no payment joins any more; drawn: settlement lines and funders' calls are fixed; netted: positions are
-- fixed; cleared: positions are paid through the central bank; settled: every shop's line is answered for.
create table payments.settlement_day (
    day         date primary key,
    state       text not null check (state in ('open', 'closing', 'drawn', 'netted', 'cleared', 'settled')),
    waiting_for text not null default '',      -- what keeps the day from going on, for people
    closed_at   timestamptz,
    cleared_at  timestamptz,
    settled_at  timestamptz
);

-- What a funder owes for the vouchers of a day, less what refunds gave back.
create table payments.funder_due (
    day        date     not null references payments.settlement_day,
    cell       smallint not null,
    funder_id  text     not null,
    amount_fen bigint   not null,              -- negative: it gets back
    primary key (day, cell, funder_id)
);

-- Who pays it: the bank of the supervised account, or the advancer.
create table payments.funder_call (
    day         date   not null references payments.settlement_day,
    funder_id   text   not null,
    source      text   not null check (source in ('supervised', 'advanced')),
    institution text   not null,
    amount_fen  bigint not null,               -- negative: it gets back
    state       text   not null default 'planned' check (state in ('planned', 'refused', 'paid')),
    primary key (day, funder_id, source)
);

-- What an institution owes the network for a day, by cell; 'network' is what the operator keeps as fees.
create table payments.position (
    day          date     not null references payments.settlement_day,
    cell         smallint not null,
    institution  text     not null,
    charged_fen  bigint   not null,            -- as issuer: what it took from citizens, less refunds
    acquired_fen bigint   not null,            -- as acquirer: trade and subsidy of its shops, less refunds
    called_fen   bigint   not null,            -- what it pays for funders
    fees_fen     bigint   not null,            -- in its favour positive
    net_fen      bigint   not null,            -- positive: it pays
    primary key (day, cell, institution),
    check (net_fen = charged_fen - acquired_fen + called_fen - fees_fen)
);

-- A shop's line of a day. The line that is paid is the day's own plus what earlier days left, less what is carried.
create table payments.settlement (
    day         date    not null references payments.settlement_day,
    acquirer    text    not null,
    store_id    uuid    not null,
    payments    integer not null,
    refunds     integer not null,
    trade_fen   bigint  not null,              -- what citizens paid, less refunds
    subsidy_fen bigint  not null,              -- what funders paid, less refunds
    fee_fen     bigint  not null,
    brought_trade_fen   bigint not null default 0,
    brought_subsidy_fen bigint not null default 0,
    brought_fee_fen     bigint not null default 0,
    carried_trade_fen   bigint not null default 0,
    carried_subsidy_fen bigint not null default 0,
    carried_fee_fen     bigint not null default 0,
    carried_into date,                         -- the day that took over what was carried
    due_fen     bigint not null generated always as (
        trade_fen + brought_trade_fen - carried_trade_fen + subsidy_fen + brought_subsidy_fen - carried_subsidy_fen
        - fee_fen - brought_fee_fen + carried_fee_fen) stored,
    state       text   not null default 'planned'
        check (state in ('planned', 'instructed', 'paid', 'held', 'returned', 'disputed', 'carried')),
    instruction_id text,                       -- null: nothing to pay
    paid_fen    bigint not null default 0,
    reason      text   not null default '',    -- the acquirer's, if it did not pay
    paid_at     timestamptz,
    primary key (day, acquirer, store_id),
    check (due_fen >= 0)
);
create index settlement_by_instruction on payments.settlement (instruction_id);
create index settlement_of_store on payments.settlement (store_id, day);
create index settlement_left_over on payments.settlement (acquirer, store_id)
 where carried_into is null and (carried_trade_fen, carried_subsidy_fen, carried_fee_fen) <> (0, 0, 0);
