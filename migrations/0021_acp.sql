-- Merchants that speak UnionPay ACP: whose takings they are, what they asked, cards they opened, what they are told.

alter table institutions.gateway_merchant add column store_id uuid references merchants.store;

-- Everything a merchant asked under a number of its own: merId + orderId + txnTime. What became of it is read from
-- the order or refund it led to; `resp_code` is there where that is already said for good.
create table institutions.acp_transaction (
    mer_id        text not null,
    order_id      text not null,
    txn_time      text not null,
    query_id      text not null unique check (query_id ~ '^[0-9]{21}$'),
    txn_type      text not null,
    txn_sub_type  text not null,
    biz_type      text not null,
    channel       text not null check (channel in ('front', 'back', 'app', 'qr', 'batch')),
    amount_fen    bigint not null check (amount_fen >= 0),
    body_hash     uuid not null,
    original_id   text,                        -- query_id of what it refunds, undoes, completes ..
    trade_order_id uuid,                       -- payments.trade_order
    refund_no     text,                        -- payments.refund, of that order
    subject       text,                        -- id or text within another family: a mandate, a payout, a batch
    tn            text unique,                 -- what an app pays by
    resp_code     text,
    request       jsonb not null,              -- what answers and notifications say again
    answer        jsonb not null default '{}', -- further facts of the outcome
    received_at   timestamptz not null,
    primary key (mer_id, order_id, txn_time)
);
create index acp_transaction_of_order on institutions.acp_transaction (trade_order_id) where trade_order_id is not null;
create index acp_transaction_of_original on institutions.acp_transaction (original_id) where original_id is not null;

-- A one-time code sent for an order that comes next under the same numbers.
create table institutions.acp_sms (
    mer_id     text not null,
    order_id   text not null,
    txn_time   text not null,
    kind       text not null,                  -- txnSubType of the request for it
    code_index bytea not null,
    pan_index  bytea not null,
    tries      smallint not null default 0,
    sent_at    timestamptz not null,
    primary key (mer_id, order_id, txn_time, kind)
);

-- A card a merchant may charge without its holder being sent away; with a token where the merchant keeps no number.
create table institutions.acp_card (
    mer_id        text not null,
    biz_type      text not null,
    pan_index     bytea not null,
    citizen_id    uuid not null,
    instrument_id uuid not null,
    issuer        text not null,
    pan_tail      text not null,
    phone_sealed  bytea,
    token         text unique,
    tr_id         text,
    order_id      text not null,               -- of the opening, by which it is asked about
    txn_time      text not null,
    opened_at     timestamptz not null,
    ends_at       timestamptz not null,
    primary key (mer_id, biz_type, pan_index)
);
create index acp_card_of_opening on institutions.acp_card (mer_id, order_id, txn_time);

-- One message to a merchant about one of its orders. due_at is the server's own time: the network knows no other.
create table flows.merchant_notice (
    notice_id   uuid primary key,
    door        text not null,                 -- whose words and whose plan of tries
    url         text not null,
    facts       jsonb not null,
    state       text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
    tries       smallint not null default 0,
    due_at      timestamptz not null default now(),
    last_status smallint,                      -- null: no answer
    created_at  timestamptz not null default now(),
    settled_at  timestamptz
);
create index merchant_notice_due on flows.merchant_notice (due_at) where state = 'waiting';
insert into plumbing.outbox_reader (reader) values ('merchant_notices');

-- Under what a merchant debits a card: a mandate it asked for (name: its query id) or a binding (name: bindId). The
-- authority itself is payments.mandate, and the account bank's.
create table institutions.acp_authority (
    mer_id     text not null,
    kind       text not null check (kind in ('mandate', 'bind')),
    name       text not null,
    pan_index  bytea not null,
    pan_tail   text not null,
    mandate_id uuid not null,
    made_at    timestamptz not null,
    ended_at   timestamptz,
    primary key (mer_id, kind, name)
);
create index acp_authority_of_card on institutions.acp_authority (mer_id, pan_index) where ended_at is null;

-- A batch file: each row is a transaction of its own once it is begun, under its own order number.
create table institutions.acp_batch (
    mer_id      text not null,
    sub_type    text not null,                 -- 02 collection, 03 payout
    batch_no    text not null,
    txn_time    text not null,
    query_id    text not null unique,
    total_qty   integer not null check (total_qty > 0),
    total_fen   bigint not null check (total_fen > 0),
    version     text not null,
    titles      text not null,                 -- as the file had them, to say them again
    biz_type    text not null,
    state       text not null check (state in ('running', 'ended')),
    due_at      timestamptz not null default now(),
    received_at timestamptz not null,
    primary key (mer_id, sub_type, batch_no, txn_time)
);
create index acp_batch_due on institutions.acp_batch (due_at) where state = 'running';

create table institutions.acp_batch_row (
    mer_id     text not null,
    sub_type   text not null,
    batch_no   text not null,
    txn_time   text not null,
    line_no    integer not null,
    fields     bytea not null,                 -- sealed: it names cards and people
    query_id   text,
    resp_code  text,                           -- null: not ended
    primary key (mer_id, sub_type, batch_no, txn_time, line_no),
    foreign key (mer_id, sub_type, batch_no, txn_time) references institutions.acp_batch
);
create index acp_batch_row_open on institutions.acp_batch_row (mer_id, sub_type, batch_no, txn_time, line_no)
    where resp_code is null;
