-- Callers of wire formats that others already speak, and the coupons they make in the WeChat Pay v3 shape.

-- Who may call: v3 by mchid, ACP by merId. Its serial is written as the dialect writes it (v3 hex, ACP decimal).
create table institutions.gateway_merchant (
    dialect         text not null check (dialect in ('v3', 'acp')),
    number          text not null,
    appid           text check (dialect <> 'v3' or appid is not null),
    institution     text not null references institutions.app,     -- as whose app it acts; its own where it has no other
    serial_no       text not null,
    public_key_pem  text not null,
    certificate_pem text,
    api_key_sealed  bytea,                     -- v3: the 32 bytes that callbacks are encrypted with
    added_at        timestamptz not null,
    primary key (dialect, number)
);
insert into institutions.gateway_merchant (dialect, number, appid, institution, serial_no, public_key_pem, added_at)
select 'v3', mchid, appid, institution, serial_no, public_key_pem, added_at from institutions.v3_merchant;
drop table institutions.v3_merchant;

-- What a merchant calls a citizen, where that is not the open id itself.
create table institutions.v3_openid (
    institution text not null references institutions.app,
    openid      text not null,
    open_id     uuid not null,
    primary key (institution, openid)
);

-- A write under a merchant's own number (out_request_no, use_request_no ..): never forgotten, unlike kept answers.
create table institutions.v3_request (
    mchid      text not null,
    kind       text not null,
    request_no text not null,
    body_hash  bytea not null,
    answer     json not null,                  -- as it was said, its fields in order; {} while the work is under way
    made_at    timestamptz not null default now(),
    primary key (mchid, kind, request_no)
);

create table institutions.v3_callback (
    mchid      text not null,
    family     text not null check (family in ('favor', 'busifavor')),
    notify_url text not null check (notify_url ~ '^https?://'),
    is_on      boolean not null,
    changed_at timestamptz not null,
    primary key (mchid, family)
);

-- One notification to one merchant. due_at is the server's own time: the network knows no sandbox clock.
create table institutions.v3_notice (
    notice_id     uuid primary key,
    mchid         text not null,
    notify_url    text not null,
    event_type    text not null,
    summary       text not null,
    original_type text not null,
    resource      text not null,               -- the JSON that is encrypted at each try
    state         text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
    tries         smallint not null default 0,
    due_at        timestamptz not null default now(),
    last_status   smallint,                    -- null: no answer
    created_at    timestamptz not null,
    settled_at    timestamptz
);
create index v3_notice_due on institutions.v3_notice (due_at) where state = 'waiting';
insert into plumbing.outbox_reader (reader) values ('v3');

-- A cash-coupon stock (代金券批次): a type with its round and campaign, and what was asked for it.
create table vouchers.v3_stock (
    type_id    uuid primary key references vouchers.voucher_type,
    mchid      text not null,
    funder_id  text not null,
    document   jsonb not null,
    created_at timestamptz not null
);
create index v3_stock_of on vouchers.v3_stock (mchid, created_at);

-- A merchant-coupon stock (商家券批次): the shop takes the discount off itself, no funder's money is in it.
create table vouchers.merchant_stock (
    stock_id     uuid primary key,
    mchid        text not null,
    kind         text not null check (kind in ('NORMAL', 'DISCOUNT', 'EXCHANGE')),
    code_mode    text not null check (code_mode in ('WECHATPAY_MODE', 'MERCHANT_API', 'MERCHANT_UPLOAD')),
    max_coupons  integer not null check (max_coupons > 0),
    per_user     integer not null check (per_user > 0),
    sent         integer not null default 0 check (sent between 0 and max_coupons),
    begins_at    timestamptz not null,
    ends_at      timestamptz not null check (ends_at > begins_at),
    days         integer check (days > 0),     -- calendar days after receiving; null: until ends_at
    document     jsonb not null,
    created_at   timestamptz not null
);

-- Codes a merchant uploaded, waiting to be sent.
create table vouchers.merchant_code (
    stock_id uuid not null references vouchers.merchant_stock,
    code     text not null,
    place    bigint not null,
    sent     boolean not null default false,
    primary key (stock_id, code)
);
create index merchant_code_next on vouchers.merchant_code (stock_id, place) where not sent;

create table vouchers.merchant_coupon (
    stock_id      uuid not null references vouchers.merchant_stock,
    code          text not null,
    openid        text not null,
    state         text not null default 'SENDED' check (state in ('SENDED', 'USED', 'DEACTIVATED')),
    received_at   timestamptz not null,
    begins_at     timestamptz not null,
    expires_at    timestamptz not null,
    send_request  text not null,
    used_at       timestamptz,
    use_request   text,
    out_trade_no  text,                        -- the order it is associated with
    deactivated_at timestamptz,
    deactivate_reason text,
    primary key (stock_id, code),
    check (state <> 'USED' or used_at is not null)
);
create index merchant_coupon_of on vouchers.merchant_coupon (openid, stock_id);
