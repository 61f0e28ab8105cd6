-- Grids: the city's ground cut into pieces of even work. A version is drawn, then approved by another person; from its
-- day on it is the one in force. An approved version is never changed again, so that past work stays with its grid.
create table merchants.grid_version (
    version_no    integer primary key,
    state         text not null check (state in ('draft', 'approved', 'refused')),
    effective_day date not null,               -- business day, Asia/Shanghai
    seed          bigint not null,
    base_no       integer references merchants.grid_version,   -- the version it was evened out from
    reason        text not null,
    changed_by    text[] not null,             -- whoever drew it or changed it: none of them approves it
    changes       integer not null default 0,
    built_at      timestamptz not null,
    decided_by    text,
    decided_at    timestamptz,
    check ((state = 'draft') = (decided_by is null)),
    check (decided_by is null or decided_by <> all (changed_by))
);
create table merchants.grid (
    version_no integer not null references merchants.grid_version,
    code       text not null,
    adcode     text not null,
    locked     boolean not null default false,
    primary key (version_no, code),
    unique (version_no, code, adcode)
);
create table merchants.grid_cell (
    version_no integer not null,
    h3         text not null,
    adcode     text not null,                  -- a cell across a border is there once a division
    code       text not null,
    lon        double precision not null,
    lat        double precision not null,
    stores     integer not null,
    minutes    integer not null check (minutes >= ground and ground >= 0),  -- work a quarter
    ground     integer not null,
    island     boolean not null,
    locked     boolean not null default false,
    primary key (version_no, h3, adcode),
    foreign key (version_no, code, adcode) references merchants.grid (version_no, code, adcode)
);
create index grid_cell_by_grid on merchants.grid_cell (version_no, code);
