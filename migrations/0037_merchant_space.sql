-- Merchant Space: what is published to shops, what they ask for and answer, and the campaigns they sign up for.

-- A notice, a service of the catalogue, a published answer or a call for shops. What many will read is published by
-- another person than its writer; only what one shop alone will read needs no second person.
create table merchants.publication (
    publication_id uuid primary key,
    kind           text not null check (kind in ('notice', 'service', 'answer', 'call')),
    state          text not null default 'draft'
        check (state in ('draft', 'submitted', 'published', 'returned', 'withdrawn')),
    publisher      text not null,              -- an institution's code, or 'operator'
    title          text not null,
    title_en       text not null default '',
    body           text not null,
    body_en        text not null default '',
    audience       text not null check (audience in ('all', 'industry', 'district', 'grid', 'store')),
    audience_value text not null default '',
    adcode         text,                       -- the division it is for; null is the whole city
    question_id    uuid,                       -- of an answer: the question it began with
    drafted_by     text not null,
    drafted_at     timestamptz not null,
    decided_by     text,
    reason         text not null default '',
    published_at   timestamptz,
    withdrawn_at   timestamptz,
    check ((audience = 'all') = (audience_value = '')),
    check (audience = 'store' or decided_by is distinct from drafted_by or state = 'withdrawn'),
    check ((state = 'published') <= (published_at is not null))
);
create index publication_by_kind on merchants.publication (kind, state, published_at);

create table merchants.notice_read (
    publication_id uuid not null references merchants.publication,
    store_id       uuid not null references merchants.store,
    read_at        timestamptz not null,
    primary key (publication_id, store_id)
);

create table merchants.service_request (
    request_id     uuid primary key,
    publication_id uuid not null references merchants.publication,
    store_id       uuid not null references merchants.store,
    note           text not null,
    state          text not null default 'requested'
        check (state in ('requested', 'offered', 'refused', 'accepted', 'declined', 'withdrawn')),
    answer         text not null default '',
    requested_at   timestamptz not null,
    answered_by    text,
    answered_at    timestamptz,
    closed_at      timestamptz,
    check ((state in ('offered', 'refused', 'accepted', 'declined')) = (answered_by is not null))
);
create unique index service_request_open on merchants.service_request (publication_id, store_id)
    where state in ('requested', 'offered');
create index service_request_of_store on merchants.service_request (store_id, requested_at);

create table merchants.question (
    question_id uuid primary key,
    store_id    uuid not null references merchants.store,
    topic       text not null check (topic in ('campaign', 'money', 'appeal', 'account', 'device', 'other')),
    hold_id     uuid,                          -- of an appeal: the hold it is against
    body        text not null,
    asked_at    timestamptz not null,
    answer      text,
    answered_by text,
    answered_at timestamptz,
    seen_at     timestamptz,                   -- when the shop read the answer
    check ((topic = 'appeal') = (hold_id is not null)),
    check ((answer is null) = (answered_by is null) and (answer is null) = (answered_at is null))
);
create index question_of_store on merchants.question (store_id, asked_at);
create index question_open on merchants.question (asked_at) where answer is null;
alter table merchants.publication
    add constraint publication_question foreign key (question_id) references merchants.question;

-- A group per grid, called by the grid's code, which later versions of the grids keep using.
create table merchants.grid_group (
    code      text primary key,
    adcode    text not null,
    owner     text not null,                   -- 'staff:<id>': the one person who posts
    opened_by text not null,
    opened_at timestamptz not null
);
create table merchants.group_post (
    post_id    uuid primary key,
    code       text not null references merchants.grid_group,
    author     text not null,
    body       text not null,
    posted_at  timestamptz not null,
    removed_at timestamptz
);
create index group_post_by_group on merchants.group_post (code, posted_at);
create table merchants.group_reply (
    reply_id   uuid primary key,
    post_id    uuid not null references merchants.group_post,
    store_id   uuid not null references merchants.store,
    body       text not null,
    replied_at timestamptz not null,
    removed_at timestamptz
);
create index group_reply_by_post on merchants.group_reply (post_id, replied_at);

-- A call for shops: whoever meets its conditions joins the shop group that the campaign's vouchers are for.
create table merchants.call (
    call_id     uuid primary key references merchants.publication,
    campaign_id uuid not null,
    group_code  text not null references merchants.shop_group,
    opens_at    timestamptz not null,
    closes_at   timestamptz not null check (closes_at > opens_at),
    starts_at   timestamptz not null,          -- when the campaign begins: until then a shop may withdraw
    places      integer check (places > 0),
    conditions  jsonb not null
);
create table merchants.enrolment (
    call_id   uuid not null references merchants.call,
    store_id  uuid not null references merchants.store,
    state     text not null check (state in ('joined', 'withdrawn')),
    via       text not null check (via in ('shop', 'bureau')),
    by        text not null,
    joined_at timestamptz not null,
    left_at   timestamptz,
    facts     jsonb not null,                  -- what was known of the shop when it joined
    primary key (call_id, store_id),
    check ((state = 'withdrawn') = (left_at is not null))
);
create index enrolment_of_store on merchants.enrolment (store_id);
create table merchants.nomination (
    nomination_id uuid primary key,
    call_id       uuid not null references merchants.call,
    adcode        text not null,
    stores        uuid[] not null check (cardinality(stores) > 0),
    reason        text not null,
    state         text not null default 'proposed' check (state in ('proposed', 'approved', 'refused')),
    proposed_by   text not null,
    proposed_at   timestamptz not null,
    decided_by    text check (decided_by <> proposed_by),
    decided_at    timestamptz,
    left_out      jsonb not null default '{}', -- store -> the first condition it did not meet at the approval
    check ((state = 'proposed') = (decided_by is null))
);
create index nomination_by_call on merchants.nomination (call_id, proposed_at);
