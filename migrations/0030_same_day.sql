-- Same-day settlement: at cut-offs of a shop's terms its card takings so far are netted and paid the same business day.

-- Cut-offs as minutes since midnight in Shanghai; none: paid after the day's close only.
alter table payments.settlement_terms add column cut_offs smallint[] not null default '{}';
alter table payments.settlement_terms alter column minimum_fen set default 0;

create table payments.same_day_cut (
    day         date        not null references payments.settlement_day,
    cut_no      smallint    not null check (cut_no between 1 and 1439),   -- the cut-off's minute of the day
    state       text        not null check (state in ('drawn', 'netted', 'settled')),
    waiting_for text        not null default '',
    drawn_at    timestamptz not null,
    primary key (day, cut_no)
);
create index same_day_cut_open on payments.same_day_cut (day) where state <> 'settled';

-- A payment or refund whose card part a cut-off paid: each once.
create table payments.same_day_item (
    cell            smallint not null,
    item_id         uuid     not null,         -- the payment's or the refund's
    day             date     not null,
    cut_no          smallint not null,
    acquirer        text     not null,
    store_id        uuid     not null,
    sign            smallint not null check (sign in (1, -1)),
    issuer          text     not null,
    charged_fen     bigint   not null,
    interchange_fen bigint   not null,
    network_fee_fen bigint   not null,
    fee_fen         bigint   not null,
    primary key (cell, item_id)
);
create index same_day_item_of_cut on payments.same_day_item (day, cut_no, store_id);

-- What institutions paid and received at a cut-off; the day's close nets the rest of the day's positions.
create table payments.same_day_position (
    day          date     not null,
    cut_no       smallint not null,
    cell         smallint not null,
    institution  text     not null,
    charged_fen  bigint   not null,
    acquired_fen bigint   not null,
    fees_fen     bigint   not null,
    net_fen      bigint   not null,
    primary key (day, cut_no, cell, institution),
    foreign key (day, cut_no) references payments.same_day_cut,
    check (net_fen = charged_fen - acquired_fen - fees_fen)
);

-- A cut-off's lines stand beside the close's (cut_no 0), which has the rest of the day.
alter table payments.settlement
    add column cut_no smallint not null default 0,
    add column same_day_fee_fen bigint not null default 0 check (same_day_fee_fen >= 0),   -- part of fee_fen
    add column carried_into_cut smallint not null default 0;
alter table payments.settlement drop constraint settlement_pkey;
alter table payments.settlement add primary key (day, acquirer, store_id, cut_no);

-- Several refunds of a payment may be under way; each is fixed out of what the ones before it leave.
drop index payments.refund_under_way;
create index refund_under_way on payments.refund (cell, payment_id) where state in ('refunding', 'unknown');
