-- Bank services: authorities to collect and the debits under them; payouts and transfers to accounts.

-- The scene white list: what a payee may collect for.
create table payments.mandate_payee (
    store_id   uuid not null,
    scene      text not null,
    allowed_at timestamptz not null,
    primary key (store_id, scene)
);

-- A mandate lives in its payer's cell. The account's bank holds the same terms and has the last word.
create table payments.mandate (
    cell            smallint not null,
    mandate_id      uuid     not null,          -- its bucket is the payer's
    store_id        uuid     not null,          -- the fixed payee
    contract_no     text     not null,
    payee_name      text     not null,
    citizen_id      uuid     not null,
    instrument_id   uuid     not null,
    issuer          text     not null,
    holder_sealed   bytea,                      -- the name for the bank to compare, until it is signed
    purpose         text     not null,
    scene           text     not null,
    cycle           text     not null check (cycle in ('none', 'day', 'week', 'month', 'quarter', 'year')),
    debit_max_fen   bigint   not null check (debit_max_fen > 0),
    cycle_max_fen   bigint   not null check (cycle_max_fen >= debit_max_fen),
    starts_on       date     not null,
    ends_on         date     not null check (ends_on >= starts_on),
    cycle_times     integer  check (cycle_times > 0),
    notice_hours    integer  not null check (notice_hours >= 0),
    tries           smallint not null check (tries > 0),
    try_every_hours integer  not null check (try_every_hours > 0),
    state           text     not null check (state in ('asked', 'active', 'refused', 'revoked', 'expired')),
    reason          text     not null default '',
    revoked_by      text     not null default '',   -- payer, payee, bank
    bank_knows      boolean  not null default true, -- false: a revocation that its bank has not confirmed
    body_hash       uuid     not null,
    facts           jsonb    not null default '{}', -- the door's own, to say again
    asked_at        timestamptz not null,
    signed_at       timestamptz,
    ended_at        timestamptz,
    look_at         timestamptz,                -- when the sweeper speaks to the bank next
    primary key (cell, mandate_id)
);
create index mandate_of_citizen on payments.mandate (cell, citizen_id, asked_at);
create index mandate_due on payments.mandate (look_at) where look_at is not null;

-- A payee's contract number is unique in its home cell.
create table payments.mandate_no (
    cell        smallint not null,
    store_id    uuid     not null,
    contract_no text     not null,
    mandate_id  uuid     not null,
    primary key (cell, store_id, contract_no)
);

-- A debit under a mandate; the order that it pays has attempts of its own, one a try.
create table payments.collection (
    cell       smallint not null,               -- the payer's
    order_id   uuid     not null,
    mandate_id uuid     not null,
    store_id   uuid     not null,
    order_no   text     not null,
    amount_fen bigint   not null check (amount_fen > 0),
    subject    text     not null,
    cycle_key  text     not null,
    state      text     not null check (state in ('waiting', 'collecting', 'succeeded', 'failed', 'cancelled')),
    reason     text     not null default '',
    tries      smallint not null default 0,
    due_at     timestamptz not null,
    notice     text     not null check (notice in ('none', 'due', 'sending', 'sent')),
    look_at    timestamptz,
    asked_at   timestamptz not null,
    ended_at   timestamptz,
    primary key (cell, order_id)
);
create index collection_of_mandate on payments.collection (cell, mandate_id, cycle_key);
create index collection_due on payments.collection (look_at) where look_at is not null;
create index collection_notice on payments.collection (asked_at) where notice = 'due';

-- Money sent from a payer's account to a payee's. It lives in the payer's cell; the number is unique to its payer.
create table payments.payout (
    cell            smallint not null,
    payout_id       uuid     not null,
    payer           text     not null,          -- store:.., institution:.., funder:.., citizen:..
    payout_no       text     not null,
    body_hash       uuid     not null,
    turn            smallint not null default 1,  -- raised when a failed payout is sent in again
    payer_bank      text     not null,
    payer_sealed    bytea    not null,          -- the payer's account or card
    payee_bank      text     not null,
    payee_sealed    bytea    not null,
    payee_name_sealed bytea  not null,
    payee_tail      text     not null,
    amount_fen      bigint   not null check (amount_fen > 0),
    purpose         text     not null,
    funder_id       text,                       -- it is paid out of this funder's supervised account
    state           text     not null check (state in ('accepted', 'processing', 'succeeded', 'failed', 'returned')),
    stage           text     not null check (stage in ('debit', 'credit', 'give_back', 'take_back', 'done')),
    reason          text     not null default '',
    settlement_date date,                       -- stamped when it begins
    returned_on     date,                       -- settlement day of the way back of what had arrived
    facts           jsonb    not null default '{}',
    asked_at        timestamptz not null,
    ended_at        timestamptz,
    look_at         timestamptz,
    primary key (cell, payout_id),
    unique (cell, payer, payout_no),
    check (settlement_date is not null or state = 'accepted')
) with (fillfactor = 80);
create index payout_due on payments.payout (look_at) where look_at is not null;
create index payout_of_day on payments.payout (settlement_date) where settlement_date is not null;
create index payout_returned on payments.payout (returned_on) where returned_on is not null;
create index payout_of_payer on payments.payout (cell, payer, asked_at);

-- A file of payouts: checked, shown, approved by a second person, then paid row by row.
create table payments.payout_batch (
    cell        smallint not null,
    batch_id    uuid     not null,
    payer       text     not null,
    batch_no    text     not null,
    file_name   text     not null,
    file_hash   uuid     not null,
    payer_bank  text     not null,
    payer_sealed bytea   not null,
    payer_name  text     not null,
    funder_id   text,
    rows        integer  not null,
    amount_fen  bigint   not null,              -- of the rows that can be paid
    errors      integer  not null,
    repeats     integer  not null,              -- rows that an earlier batch has paid, or is paying
    state       text     not null check (state in ('planned', 'approved', 'rejected')),
    made_by     text     not null,
    decided_by  text,
    made_at     timestamptz not null,
    decided_at  timestamptz,
    primary key (cell, batch_id),
    unique (cell, payer, batch_no)
);

create table payments.payout_row (
    cell        smallint not null,
    batch_id    uuid     not null,
    row_no      integer  not null,
    payout_id   uuid     not null,
    payout_no   text     not null,
    body_hash   uuid     not null,
    payee_bank  text     not null,
    payee_sealed      bytea not null,
    payee_name_sealed bytea not null,
    payee_tail  text     not null,
    amount_fen  bigint   not null,
    purpose     text     not null,
    error       text     not null default '',   -- why it is not paid; repeat: it was
    primary key (cell, batch_id, row_no)
);

-- How far each bank's list of credits to be taken back was read.
create table payments.returned_credits_read (
    institution text primary key,
    read_to     bigint not null
);

-- What institutions' accounts sent to, and received from, accounts elsewhere on a settlement day.
create or replace function payments.payouts_between(p_day date)
returns table (cell smallint, institution text, sent_fen bigint) language sql stable as $$
    select m.cell, v.institution, sum(v.fen)::bigint
      from (select p.cell, p.payer_bank, p.payee_bank, p.amount_fen as fen from payments.payout p
             where p.settlement_date = p_day and p.state in ('succeeded', 'returned')
            union all
            select p.cell, p.payee_bank, p.payer_bank, p.amount_fen from payments.payout p
             where p.returned_on = p_day and p.state = 'returned') m
     cross join lateral (values (m.payer_bank, m.fen), (m.payee_bank, -m.fen)) as v(institution, fen)
     group by m.cell, v.institution
$$;

alter table payments.position add column sent_fen bigint not null default 0;  -- accounts' payouts, less those received
alter table payments.position drop constraint position_check;
alter table payments.position add constraint position_check
    check (net_fen = charged_fen - acquired_fen + called_fen + sent_fen - fees_fen);

-- Where a citizen wants money sent to the phone number; without a row the first card bound; null: not to be found.
create table payments.receiving_account (
    cell          smallint not null,
    citizen_id    uuid     not null,
    instrument_id uuid,
    primary key (cell, citizen_id)
);

-- What banks sell to other banks' customers: funds, and the repayment of their credit cards. Each is an order at a
-- store of the bank's own, told to the bank once it is paid.
create schema programmes;

create table programmes.bank_store (
    bank     text not null,
    kind     text not null check (kind in ('fund', 'repayment')),
    store_id uuid not null,
    primary key (bank, kind)
);

create table programmes.bank_order (
    cell          smallint not null,           -- the citizen's
    order_id      uuid     not null,
    citizen_id    uuid     not null,
    kind          text     not null,
    bank          text     not null,
    amount_fen    bigint   not null check (amount_fen > 0),
    fund_code     text     not null default '',
    target_sealed bytea,                        -- the credit card that is repaid
    target_tail   text     not null default '',
    by_plan       uuid,
    state         text     not null check (state in ('paying', 'confirmed', 'failed', 'refunding', 'refunded')),
    reason        text     not null default '',
    shares        bigint   not null default 0,  -- hundredths
    nav           bigint   not null default 0,  -- ten-thousandths of a yuan
    made_at       timestamptz not null,
    look_at       timestamptz,
    primary key (cell, order_id)
);
create index bank_order_of_citizen on programmes.bank_order (cell, citizen_id, made_at);
create index bank_order_due on programmes.bank_order (look_at) where look_at is not null;

-- A regular purchase, or the repayment on the due date, under a mandate.
create table programmes.bank_plan (
    cell          smallint not null,
    plan_id       uuid     not null,
    citizen_id    uuid     not null,
    kind          text     not null,
    bank          text     not null,
    mandate_id    uuid     not null,
    amount_fen    bigint   not null,            -- of a repayment: at most
    fund_code     text     not null default '',
    target_sealed bytea,
    target_tail   text     not null default '',
    day           smallint not null check (day between 1 and 28),
    next_on       date     not null,
    made_at       timestamptz not null,
    primary key (cell, plan_id)
);
create index bank_plan_of_citizen on programmes.bank_plan (cell, citizen_id);
create index bank_plan_due on programmes.bank_plan (next_on);
