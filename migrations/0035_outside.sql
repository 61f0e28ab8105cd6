-- The end of a settlement day as each issuer is told it over its card line: kept, and sent until it is answered.
create table payments.cut_off_notice (
    issuer      text not null,               -- institutions.institution
    day         date not null,               -- the settlement date that purchases carry from now on
    stan        integer,                     -- null until it was first sent; a repeat has the same stamp
    sent_at     timestamptz,
    tries       integer not null default 0 check (tries >= 0),
    asked_at    timestamptz,
    kept_at     timestamptz not null,
    answered_at timestamptz,
    response    text not null default '',
    primary key (issuer, day),
    check ((stan is null) = (sent_at is null))
);
create index cut_off_notice_open on payments.cut_off_notice (day) where answered_at is null;

-- Acquirers send day files too: what they paid shops, released of what they held, and gave back.
alter table payments.day_file drop constraint day_file_party_kind_check,
    add constraint day_file_party_kind_check check (party_kind in ('issuer', 'acquirer', 'merchant'));
