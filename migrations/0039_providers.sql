-- Providers 服务商: field-service companies whose people visit shops. Who they are, what they learnt, which grids are
-- theirs, their tasks and day routes, and the terminals they bound. Personal data is sealed; phones have a blind index.
create table merchants.provider (
    provider_id      uuid primary key,
    name             text not null unique,
    licence_no       text not null unique,       -- unified social credit code, GB 32100
    contact_sealed   bytea not null,
    phone_sealed     bytea not null,
    state            text not null check (state in ('applied', 'active', 'suspended', 'ended', 'refused')),
    contract_from    date,                       -- business days; the last one counts
    contract_until   date,
    capacity_minutes integer not null check (capacity_minutes > 0),   -- a month
    depot_address    text not null,
    depot_lon        double precision not null,  -- WGS-84
    depot_lat        double precision not null,
    applied_at       timestamptz not null,
    applied_by       text not null,
    approved_by      text,
    decided_by       text,                       -- who decided last, and why
    reason           text not null default '',
    changed_at       timestamptz not null,
    check (contract_until >= contract_from),
    check (state in ('applied', 'refused') or contract_from is not null and contract_until is not null),
    check (approved_by <> applied_by)
);
create table merchants.surveyor (
    surveyor_id  uuid primary key,
    provider_id  uuid not null references merchants.provider,
    phone_index  bytea not null,
    phone_sealed bytea not null,
    name_sealed  bytea not null,
    is_lead      boolean not null default false, -- hands out the provider's tasks and contests its pay
    left_at      timestamptz,
    added_at     timestamptz not null,
    added_by     text not null
);
create unique index surveyor_phone on merchants.surveyor (phone_index) where left_at is null;
create index surveyor_of_provider on merchants.surveyor (provider_id);
create table merchants.training (
    training_id uuid primary key,
    surveyor_id uuid not null references merchants.surveyor,
    course      text not null,
    score       integer not null check (score between 0 and 100),
    passed      boolean not null,
    taken_day   date not null,
    valid_until date,                            -- the last day it counts
    taken_at    timestamptz not null,
    recorded_by text not null,
    check (passed = (valid_until is not null))
);
create index training_of_surveyor on merchants.training (surveyor_id, course, taken_at);

-- Which provider serves which grid, in dated versions like the grids' own.
create table merchants.assignment_version (
    version_no      integer primary key,
    grid_version_no integer not null references merchants.grid_version,
    base_no         integer references merchants.assignment_version,
    state           text not null check (state in ('draft', 'approved', 'refused')),
    effective_day   date not null,
    reason          text not null,
    made_by         text not null,
    built_at        timestamptz not null,
    decided_by      text,
    decided_at      timestamptz,
    check ((state = 'draft') = (decided_by is null)),
    check (decided_by is null or decided_by <> made_by)
);
create table merchants.assignment (
    version_no  integer not null references merchants.assignment_version,
    grid_code   text not null,
    provider_id uuid not null references merchants.provider,
    minutes     integer not null,                -- work a month
    metres      integer not null,                -- from the depot, over the road
    was         uuid references merchants.provider,   -- whose it was in the version before
    primary key (version_no, grid_code)
);
create table merchants.assignment_capacity (
    version_no       integer not null references merchants.assignment_version,
    provider_id      uuid not null references merchants.provider,
    capacity_minutes integer not null,
    primary key (version_no, provider_id)
);

create table merchants.task (
    task_id      uuid primary key,               -- of a planned task: named by kind, period and shop
    kind         text not null check (kind in
                 ('first_visit', 'inspection', 'training', 'delivery', 'revisit', 'pay_appeal')),
    state        text not null check (state in
                 ('open', 'assigned', 'accepted', 'under_way', 'done', 'returned', 'checked', 'cancelled')),
    period       text not null,                  -- YYYY-MM, or the day it was asked for
    store_id     uuid references merchants.store,
    grid_code    text,
    provider_id  uuid references merchants.provider,
    surveyor_id  uuid references merchants.surveyor,
    not_provider uuid references merchants.provider,  -- a re-visit is for another one
    of_task      uuid references merchants.task, -- what it repeats or follows from
    minutes      integer not null check (minutes >= 0),
    due_day      date not null,
    note         text not null default '',       -- what is asked
    report       text not null default '',       -- what was found or answered
    created_at   timestamptz not null,
    changed_at   timestamptz not null,
    check ((kind = 'pay_appeal') = (store_id is null)),
    check (state in ('open', 'cancelled') or provider_id is not null),
    check (surveyor_id is null or provider_id is not null),
    check (state not in ('accepted', 'under_way', 'done', 'returned') or surveyor_id is not null),
    check (provider_id is distinct from not_provider or provider_id is null)
);
create index task_of_surveyor on merchants.task (surveyor_id, state, due_day);
create index task_on_board on merchants.task (provider_id, state, due_day);
create index task_of_store on merchants.task (store_id, kind, created_at);
create table merchants.task_event (
    task_id uuid not null references merchants.task,
    no      integer not null,
    step    text not null,
    state   text not null,
    actor   text not null,
    note    text not null,
    at      timestamptz not null,
    primary key (task_id, no)
);

create table merchants.day_route (
    surveyor_id uuid not null references merchants.surveyor,
    day         date not null,
    basis       bytea not null,                  -- hash of what it was computed from
    metres      integer not null,
    minutes     integer not null,                -- from leaving the depot to being back
    left_out    uuid[] not null,                 -- tasks that did not fit
    made_at     timestamptz not null,
    primary key (surveyor_id, day)
);
create table merchants.day_stop (
    surveyor_id   uuid not null,
    day           date not null,
    no            integer not null,
    task_id       uuid not null references merchants.task,
    arrive_minute integer not null,              -- of the day, Shanghai time
    leave_minute  integer not null,
    metres        integer not null,              -- from the place before
    primary key (surveyor_id, day, no),
    foreign key (surveyor_id, day) references merchants.day_route on delete cascade
);

-- A terminal and the store whose code stands beside it; an ended binding stays as a trace.
create table merchants.binding (
    binding_id  uuid primary key,
    store_id    uuid not null references merchants.store,
    terminal_no text not null,                   -- the serial on the terminal
    code        text not null,                   -- as it was scanned; it names its store
    task_id     uuid not null references merchants.task,
    bound_by    text not null,
    bound_at    timestamptz not null,
    replaces    uuid references merchants.binding,
    reason      text not null default '',        -- why it replaced another one
    ended_by    text,
    ended_at    timestamptz,
    check ((ended_at is null) = (ended_by is null)),
    check (replaces is null or reason <> '')
);
create unique index binding_of_terminal on merchants.binding (terminal_no) where ended_at is null;
create index binding_of_store on merchants.binding (store_id, bound_at);
