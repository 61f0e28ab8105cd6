-- One library of shops, out of every list that anybody gave. What a list said is kept as it came; which rows are one
-- shop is said beside it, with score and reason, and can be taken back.
create table merchants.list_source (
    code     text primary key check (code ~ '^[a-z][a-z0-9_-]{0,39}$'),
    name     text not null,
    kind     text not null check (kind in ('register', 'acquirer', 'map', 'survey', 'bureau', 'own', 'other')),
    given_by text not null,
    basis    text not null,                    -- licence or consent under which we hold it
    made_by  text not null,
    made_at  timestamptz not null
);
create table merchants.list_import (
    import_id     uuid primary key,
    source_code   text not null references merchants.list_source,
    file_name     text not null,
    sha256        bytea not null,
    file_sealed   bytea not null,
    headings      text[] not null,
    mapping       text[] not null,             -- the column of each heading, '' for none
    state         text not null check (state in ('staged', 'running', 'done')),
    rows_read     integer not null,
    rows_bad      integer not null,
    rows_repeated integer not null default 0,
    rows_kept     integer not null default 0,
    rows_joined   integer not null default 0,
    shops_new     integer not null default 0,
    shops_merged  integer not null default 0,
    near_found    integer not null default 0,
    made_by       text not null,
    made_at       timestamptz not null,
    running_since timestamptz,                 -- a run that died may be taken up again
    done_at       timestamptz,
    unique (source_code, sha256),
    check ((state = 'done') = (done_at is not null))
);
create table merchants.list_error (
    import_id uuid not null references merchants.list_import,
    line      integer not null,
    heading   text not null,
    code      text not null,
    primary key (import_id, line, heading, code)
);
create table merchants.list_row (
    row_id        uuid primary key,
    source_code   text not null references merchants.list_source,
    import_id     uuid not null references merchants.list_import,
    line          integer not null,
    own_id        text not null,               -- the shop's number in its list
    content_index bytea not null,              -- blind index of the whole row: the same row again is not kept twice
    cells_sealed  bytea not null,              -- every cell as it came
    name          text not null,
    address       text not null,
    licence       text not null,
    category      text not null,
    lon           double precision,
    lat           double precision,
    phone_index   bytea[] not null,
    unique (source_code, content_index),
    unique (import_id, line)
);
create index list_row_by_licence on merchants.list_row (licence) where licence <> '';
create index list_row_by_phone on merchants.list_row using gin (phone_index);
create table merchants.library_shop (
    shop_id       uuid primary key,
    merged_into   uuid references merchants.library_shop,
    store_id      uuid references merchants.store,
    score         smallint check (score between 0 and 100),
    verdict       text check (verdict in ('credible', 'unsure', 'doubtful')),
    points        jsonb,
    score_version smallint,
    scored_at     timestamptz,
    made_at       timestamptz not null,
    check (merged_into is null or merged_into <> shop_id)
);
create index library_shop_by_verdict on merchants.library_shop (verdict, score) where merged_into is null;
create unique index library_shop_by_store on merchants.library_shop (store_id)
    where store_id is not null and merged_into is null;
create table merchants.library_member (
    row_id  uuid primary key references merchants.list_row,
    shop_id uuid not null references merchants.library_shop
);
create index library_member_by_shop on merchants.library_member (shop_id);
-- `from_shop` went into `into_shop` with these rows. Taken back, the rows that are still there return.
create table merchants.library_merge (
    merge_id  uuid primary key,
    into_shop uuid not null references merchants.library_shop,
    from_shop uuid not null,
    row_ids   uuid[] not null,
    score     real not null check (score between 0 and 1),
    reasons   text[] not null,
    import_id uuid references merchants.list_import,
    made_by   text not null,
    made_at   timestamptz not null,
    undone_by text,
    undone_at timestamptz,
    why       text,
    check ((undone_by is null) = (undone_at is null))
);
create index library_merge_into on merchants.library_merge (into_shop);
create index library_merge_from on merchants.library_merge (from_shop);
-- Pairs that the matcher would not decide. A pair told apart stays apart in every later import.
create table merchants.library_near (
    near_id       uuid primary key,
    one_row       uuid not null references merchants.list_row,
    other_row     uuid not null references merchants.list_row,
    score         real not null,
    reasons       text[] not null,
    state         text not null default 'open' check (state in ('open', 'unsure', 'same', 'different')),
    found_at      timestamptz not null,
    claimed_by    text,
    claimed_until timestamptz,
    decided_by    text,
    decided_at    timestamptz,
    check ((state = 'open') = (decided_by is null))
);
create index library_near_open on merchants.library_near (score desc, near_id) where state in ('open', 'unsure');
create index library_near_one on merchants.library_near (one_row);
create index library_near_other on merchants.library_near (other_row);
-- Counts what changed which rows are one shop, so that an import that read the library before starts over.
create table merchants.library_state (
    one     boolean primary key default true check (one),
    version bigint not null
);
insert into merchants.library_state (version) values (0);
