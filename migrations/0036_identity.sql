-- Who a merchant is: brand -> licences -> stores -> terminals and cashiers; who was put on the list, and who applies.
create table merchants.brand (
    brand_id uuid primary key,                 -- named by the name
    name     text not null unique
);

-- A unified social credit code (GB 32100) is one identity, whatever it is called and whoever holds it.
create table merchants.licence (
    licence_no    text primary key,
    kind          text not null check (kind in ('company', 'branch', 'sole_trader', 'cooperative', 'other')),
    head_no       text,                        -- a branch's head; it need not be known here
    brand_id      uuid references merchants.brand,
    name          text not null,
    address       text not null default '',
    scope         text not null default '',
    status        text not null default 'unasked' check (status in ('unasked', 'in_business', 'cancelled', 'revoked')),
    owner_since   date,                        -- of the present owner, as the register tells it
    source        text not null check (source in ('list', 'application')),
    registered_at timestamptz not null,
    answered_at   timestamptz,                 -- when the register last told of it
    ask_at        timestamptz                  -- when it is asked again; null: not watched
);
create index licence_of_head on merchants.licence (head_no) where head_no is not null;
create index licence_to_ask on merchants.licence (ask_at) where ask_at is not null;
create index store_of_licence on merchants.store (licence_no) where licence_no <> '';

-- Legal representatives (法定代表人) of entities and operators (经营者) of sole traders, one after the other.
create table merchants.licence_owner (
    licence_no  text not null references merchants.licence,
    since       date not null,
    until       date check (until > since),
    role        text not null check (role in ('legal_representative', 'operator', 'in_charge')),
    name_sealed bytea not null,
    primary key (licence_no, since)
);

create table merchants.licence_account (
    licence_no     text not null references merchants.licence,
    acquirer       text not null,
    account_index  bytea not null,
    account_sealed bytea not null,
    holder_sealed  bytea not null,
    since          timestamptz not null,
    primary key (licence_no, acquirer, account_index)
);

-- What two identities can have in common, each by its blind index. `identity` is a licence, `shop:<store>` for a shop
-- without one, or `application:<id>` until it is decided. Days are business days; `until` is exclusive.
create table merchants.identity_mark (
    kind     text  not null check (kind in ('person', 'account', 'address', 'phone', 'terminal')),
    mark     bytea not null,
    identity text  not null,
    since    date  not null,
    until    date,
    primary key (kind, mark, identity, since)
);
create index identity_mark_of on merchants.identity_mark (identity);

-- The yellow list. A listing means the licence and whoever owned it on `facts_on`; a later owner is looked at anew.
create table merchants.listing (
    listing_id  uuid primary key,
    licence_no  text not null,
    name        text not null,
    level       text not null check (level in ('watched', 'barred')),
    reason      text not null,
    basis       text not null,                 -- the decision or evidence it rests on
    provenance  text not null,                 -- who reported it: a bureau, an acquirer, a case
    facts_on    date not null,
    starts_at   timestamptz not null,
    ends_at     timestamptz check (ends_at > starts_at),
    state       text not null check (state in ('proposed', 'listed', 'refused', 'ended')),
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by  text,
    decided_at  timestamptz,
    spared_by   text,                          -- the licence is an innocent successor's now
    spared_at   timestamptz,
    ended_by    text,
    ended_at    timestamptz,
    end_reason  text,
    check (decided_by is null or decided_by <> proposed_by),
    check ((state = 'proposed') = (decided_by is null))
);
create unique index listing_open on merchants.listing (licence_no) where state in ('proposed', 'listed');

-- A change of owner that the register told of, for a person to look at.
create table merchants.owner_review (
    review_id   uuid primary key,
    licence_no  text not null references merchants.licence,
    was_sealed  bytea not null,
    now_sealed  bytea not null,
    changed_on  date not null,
    is_listed   boolean not null,
    state       text not null check (state in ('open', 'cleared', 'kept')),
    opened_at   timestamptz not null,
    decided_by  text,
    decided_at  timestamptz,
    reason      text,
    unique (licence_no, changed_on)
);

create table merchants.application (
    application_id uuid primary key,
    citizen_id     uuid not null,              -- the signed-in account that applies: the manager
    begun_key      text not null,
    state          text not null check (state in ('draft', 'submitted', 'checking', 'in_review', 'second_review',
                                                  'rejected', 'withdrawn', 'stopped', 'appealed', 'approved', 'open')),
    revision_no    integer not null default 1,
    licence_no     text not null default '',
    shop_name      text not null default '',
    industry       text not null default '',
    adcode         text,
    risk           text not null default 'ordinary' check (risk in ('ordinary', 'raised', 'barred')),
    created_at     timestamptz not null,
    changed_at     timestamptz not null,
    submitted_at   timestamptz,
    due_at         timestamptz,                -- by the service level
    ask_at         timestamptz,                -- when the register, or the acquirer, is asked (again)
    asked          integer not null default 0,
    claimed_by     text,
    claimed_until  timestamptz,
    first_by       text,                       -- the first of two approvals
    store_id       uuid references merchants.store,
    unique (citizen_id, begun_key)
);
create index application_queue on merchants.application (due_at)
    where state in ('in_review', 'second_review', 'appealed');
create index application_to_ask on merchants.application (ask_at) where ask_at is not null;
create index application_of_licence on merchants.application (licence_no) where licence_no <> '';

-- Every revision as it was sent, so that the next one can be laid beside it.
create table merchants.application_revision (
    application_id uuid not null references merchants.application,
    revision_no    integer not null,
    fields_sealed  bytea not null,             -- JSON; what was typed
    begun_at       timestamptz not null,
    submitted_at   timestamptz,
    record_sealed  bytea,                      -- JSON; what the register told
    findings       text[] not null default '{}',
    links          jsonb not null default '[]',
    primary key (application_id, revision_no)
);
create table merchants.application_photo (
    photo_id       uuid primary key,
    application_id uuid not null references merchants.application,
    kind           text not null check (kind in ('licence', 'letter')),
    sha256         bytea not null,             -- of what is kept: re-drawn, without its camera's notes
    media_type     text not null,
    width          integer not null,
    height         integer not null,
    sealed         bytea not null,
    kept_at        timestamptz not null,
    unique (application_id, kind, sha256)
);
create table merchants.application_decision (
    application_id uuid not null references merchants.application,
    seq            integer not null,
    revision_no    integer not null,
    decision       text not null,
    reason         text not null default '',
    note           text not null default '',
    actor          text not null,
    at             timestamptz not null,
    primary key (application_id, seq)
);

-- Names and identity numbers that were verified for an account: nobody needs to ask for them, or be counted, again.
create table merchants.person_checked (
    citizen_id   uuid not null,
    person_index bytea not null,               -- of the name and the number together
    checked_at   timestamptz not null,
    primary key (citizen_id, person_index)
);

-- Who may open a store's till: the manager who applied, and cashiers; terminals of a store.
create table merchants.cashier (
    store_id   uuid not null references merchants.store,
    citizen_id uuid not null,
    role       text not null check (role in ('manager', 'cashier')),
    since      timestamptz not null,
    until      timestamptz,
    primary key (store_id, citizen_id)
);
create index cashier_of on merchants.cashier (citizen_id);
create table merchants.terminal (
    store_id    uuid not null references merchants.store,
    terminal_no text not null,
    serial_no   text,
    since       timestamptz not null,
    until       timestamptz,
    primary key (store_id, terminal_no)
);

-- Stores that were registered before: their licences, by what the code itself tells.
insert into merchants.brand (brand_id, name)
select distinct md5('brand:' || s.brand)::uuid, s.brand from merchants.store s where s.brand is not null;
insert into merchants.licence (licence_no, kind, brand_id, name, address, source, registered_at)
select distinct on (s.licence_no) s.licence_no,
       case substr(s.licence_no, 1, 2) when '91' then 'company' when '92' then 'sole_trader' when '93' then 'cooperative'
            else 'other' end,
       md5('brand:' || s.brand)::uuid, s.name, s.address, 'list', s.registered_at
  from merchants.store s where s.licence_no <> '' order by s.licence_no, s.store_id;

drop function if exists merchants.store_facts(uuid[]) cascade;
drop function if exists flows.prepare_payments(int, timestamptz, uuid[], uuid[], uuid[], uuid[], uuid[], int[], uuid[],
                                               text[]);
