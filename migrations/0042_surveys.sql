-- Surveys 走访记录: what a surveyor found at a shop. The phone makes the ids and may send days later, so a repeat is the
-- same record. A record that was sent back gets a new revision; the earlier ones stay as they came.
create table merchants.survey (
    survey_id   uuid primary key,
    surveyor_id uuid not null references merchants.surveyor,
    task_id     uuid references merchants.task,
    store_id    uuid references merchants.store, -- null: a shop that nobody knew
    grid_code   text,
    state       text not null check (state in ('receiving', 'submitted', 'returned', 'accepted')),
    revision    integer not null check (revision > 0),
    flags       text[] not null,                 -- what speaks for a second look
    decided_by  text,
    reason      text not null default '',
    created_at  timestamptz not null,
    changed_at  timestamptz not null
);
create index survey_by_state on merchants.survey (state, changed_at);
create index survey_of_surveyor on merchants.survey (surveyor_id, changed_at);
create index survey_of_store on merchants.survey (store_id, changed_at);
create table merchants.survey_revision (
    survey_id   uuid not null references merchants.survey,
    revision    integer not null,
    body_hash   bytea not null,
    answers     jsonb not null,
    photos      uuid[] not null,
    lon         double precision,                -- WGS-84, where the phone stood
    lat         double precision,
    accuracy_m  double precision,
    distance_m  double precision,                -- from the shop's place
    captured_at timestamptz not null,            -- by the phone's clock
    received_at timestamptz not null,
    primary key (survey_id, revision)
);
create table merchants.survey_photo (
    photo_id  uuid primary key,
    survey_id uuid not null references merchants.survey,
    kind      text not null check (kind in ('front', 'inside', 'licence', 'terminal')),
    size      integer not null check (size > 0),
    sha256    bytea not null,                    -- of what the phone sends
    received  integer not null default 0,
    content   bytea,                             -- JPEG without metadata, sealed, once whole
    look      bit(64),                           -- difference hash: alike pictures differ in few bits
    same_as   uuid references merchants.survey_photo,
    whole_at  timestamptz,
    check ((content is null) = (whole_at is null)),
    check (received between 0 and size)
);
create index survey_photo_of_survey on merchants.survey_photo (survey_id);
create index survey_photo_whole on merchants.survey_photo (whole_at) where whole_at is not null;
create table merchants.survey_photo_part (
    photo_id uuid not null references merchants.survey_photo,
    at_byte  integer not null,
    content  bytea not null,
    primary key (photo_id, at_byte)
);
