-- Day files of the other sides, what reconciling them found, and a case for every difference.

create table payments.day_file (
    file_id     text    primary key,           -- SHA-256 of the file: the same file is one file
    party       text    not null,              -- an institution's code or a store's id
    party_kind  text    not null check (party_kind in ('issuer', 'merchant')),
    day         date    not null,
    encoding    text    not null,
    rows        integer not null,
    sum_fen     bigint  not null,
    content     bytea   not null,              -- gzip
    imported_by text    not null,              -- as in plumbing.audit
    imported_at timestamptz not null
);
create index day_file_of_day on payments.day_file (day, party);

-- Each run of a day's file; the last one stands. `ours` and `theirs`: fate -> [rows, fen], adding up to the sides.
create table payments.reconciliation (
    party    text     not null,
    day      date     not null,
    run_no   smallint not null,
    file_id  text     not null references payments.day_file,
    ours     jsonb    not null,
    theirs   jsonb    not null,
    ran_by   text     not null,
    ran_at   timestamptz not null,
    primary key (party, day, run_no)
);

create table payments.reconciliation_case (
    case_id        uuid primary key,           -- named after party, day, fate, side, kind, key and place among equals
    party          text not null,
    party_kind     text not null,
    day            date not null,
    fate           text not null check (fate in ('long', 'short', 'amount', 'state', 'duplicate')),
    side           text not null check (side in ('', 'ours', 'theirs')),
    kind           text not null,
    key            text not null,
    our_line       bigint,
    our_state      text,
    our_amount_fen bigint,
    our_at         timestamptz,
    their_line     bigint,
    their_state    text,
    their_amount_fen bigint,
    their_at       timestamptz,
    owner          text not null check (owner in ('issuer', 'acquirer', 'merchant', 'us')),
    action         text not null check (action in ('ask', 'refund', 'correct', 'wait')),
    state          text not null default 'open' check (state in ('open', 'assigned', 'resolved')),
    assignee       uuid,                       -- staff.staff
    resolution     text check (resolution in ('corrected', 'next_day', 'by_person')),
    opened_at      timestamptz not null,
    resolved_at    timestamptz,
    check ((state = 'resolved') = (resolution is not null)),
    check (state <> 'assigned' or assignee is not null)
);
create index reconciliation_case_of_day on payments.reconciliation_case (day, party, state);
create index reconciliation_case_by_key on payments.reconciliation_case (party, key) where state <> 'resolved';

create table payments.reconciliation_note (
    case_id uuid not null references payments.reconciliation_case,
    note_no integer generated always as identity,
    at      timestamptz not null,
    actor   text not null,
    what    text not null,                     -- opened, reopened, assigned, noted, resolved
    text    text not null default '',
    primary key (case_id, note_no)
);

-- Versions of the four-party fee table. The last approved one whose day has come prices a payment when it begins.
create table payments.fee_version (
    version_no    integer generated always as identity primary key,
    effective_day date not null,               -- business day from whose start it holds
    document      text not null,               -- JSON as in payments/fees.py
    state         text not null check (state in ('proposed', 'approved', 'refused')),
    proposed_by   text not null,               -- as in plumbing.audit
    proposed_at   timestamptz not null,
    reason        text not null,
    decided_by    text,
    decided_at    timestamptz,
    check ((state = 'proposed') = (decided_by is null)),
    check (decided_by <> proposed_by)
);

-- What of a line the acquirer keeps back, how much it kept, and how often a returned payout was sent again.
alter table payments.settlement
    add column hold        text     not null default 'none' check (hold in ('none', 'subsidy', 'whole')),
    add column held_fen    bigint   not null default 0,
    add column hold_ended_at timestamptz,      -- when what was held was paid or recovered
    add column payout_no   smallint not null default 0;
alter table payments.settlement drop constraint settlement_state_check;
alter table payments.settlement add constraint settlement_state_check
    check (state in ('planned', 'instructed', 'paid', 'held', 'returned', 'disputed', 'carried', 'released', 'recovered'));

-- What a shop agreed with its acquirer: payouts below the minimum wait for more.
create table payments.settlement_terms (
    store_id    uuid primary key,
    minimum_fen bigint not null check (minimum_fen between 0 and 10000000)
);

-- An order to an acquirer to keep back a shop's money, and how it ended.
create table payments.hold (
    hold_id     uuid primary key,
    store_id    uuid not null,
    acquirer    text not null,
    account_no  text not null,                 -- where released money goes
    scope       text not null check (scope in ('subsidy', 'whole')),
    basis       text not null,                 -- the rule or document it rests on
    notice      text not null,                 -- what the shop is told
    deadline    timestamptz not null,
    state       text not null check (state in ('proposed', 'refused', 'active', 'ending', 'executing', 'released',
                                               'recovered')),
    wish        text check (wish in ('release', 'recover')),
    held_fen    bigint not null default 0,     -- fixed when its end is decided
    recovered_fen bigint not null default 0 check (recovered_fen between 0 and held_fen),
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by  text,
    ending_by   text,
    end_reason  text not null default '',
    ended_at    timestamptz,
    check (state in ('proposed', 'refused', 'active') or wish is not null)
);
create unique index hold_of_store on payments.hold (store_id)
 where state in ('proposed', 'active', 'ending', 'executing');

-- Subsidies taken back from a held shop for their funders, on the settlement day that carries them.
create table payments.recovery (
    hold_id    uuid     not null references payments.hold,
    cell       smallint not null,
    funder_id  text     not null,
    acquirer   text     not null,
    day        date     not null,
    amount_fen bigint   not null check (amount_fen > 0),
    is_booked  boolean  not null default false,  -- at the acquirer
    primary key (hold_id, cell, funder_id)
);
create index recovery_of_day on payments.recovery (day);
