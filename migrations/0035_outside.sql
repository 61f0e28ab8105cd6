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

-- Plates whose parking is paid without stopping: by whom and with which instrument. A plate belongs to one citizen.
create table payments.plate (
    plate_index   bytea not null,
    color         text  not null check (color in ('BLUE', 'GREEN', 'YELLOW', 'BLACK', 'WHITE', 'LIMEGREEN')),
    plate_sealed  bytea not null,
    citizen_id    uuid  not null,
    instrument_id uuid  not null,
    opened_at     timestamptz not null,
    primary key (plate_index, color)
);
create index plate_of_citizen on payments.plate (citizen_id);

-- Cars that drove into a merchant's car park, by the merchant's own number.
create table payments.parking (
    parking_id     uuid  primary key,
    mchid          text  not null,
    out_parking_no text  not null,
    plate_index    bytea not null,
    color          text  not null,
    entered_at     timestamptz not null,
    unique (mchid, out_parking_no)
);

-- Same-day settlement as an acquirer's own product; without a row it is offered all day for the fee table's rate.
create table payments.same_day_offer (
    acquirer   text     primary key,           -- institutions.institution
    is_offered boolean  not null,
    last_cut   smallint not null check (last_cut between 60 and 1410),  -- no later minute of the day
    bp         integer  not null check (bp between 0 and 1000),
    floor_fen  bigint   not null check (floor_fen >= 0),
    cap_fen    bigint   check (cap_fen >= floor_fen),
    set_at     timestamptz not null
);
