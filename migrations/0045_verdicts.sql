-- Lists of parties and what risk answered about each event.

create schema if not exists risk;

-- One party on one list. `version` is the list book's when the row last changed: memories ask for what is newer.
create table risk.list_entry (
    entry_id       uuid primary key,
    colour         text not null check (colour in ('black', 'grey', 'yellow', 'white')),
    party          text not null check (party in ('citizen', 'device', 'card', 'store', 'licence', 'cashier',
                                                  'terminal', 'place')),
    value          text not null check (value <> ''),
    tier           smallint not null check (tier between 0 and 3),
    source         text not null check (source <> ''),
    branch         text not null default '',      -- an adcode; '' is headquarters
    basis          text not null check (basis <> ''),
    since          timestamptz not null,
    until          timestamptz check (until > since),
    state          text not null check (state in ('proposed', 'listed', 'refused', 'appealed', 'released')),
    proposed_by    text not null,
    proposed_at    timestamptz not null,
    decided_by     text,
    decided_at     timestamptz,
    appeal         text,
    appealed_at    timestamptz,
    released_by    text,
    released_at    timestamptz,
    release_reason text,
    version        bigint not null,
    -- Suspects are graded, others are not.
    check ((colour = 'grey') = (tier > 0)),
    -- What takes rights away, or shields, is decided by a second person.
    check (decided_by is null or colour not in ('black', 'white') or decided_by <> proposed_by)
);
-- A party is on one list of a branch at a time: moving it means to release it first.
create unique index list_entry_open on risk.list_entry (party, value, branch)
    where state in ('proposed', 'listed', 'appealed');
create index list_entry_changed on risk.list_entry (version);
create index list_entry_newest on risk.list_entry (proposed_at desc, entry_id);
create index list_entry_due on risk.list_entry (until) where state in ('listed', 'appealed') and until is not null;

create table risk.list_book (
    one     boolean primary key default true check (one),
    version bigint not null
);
insert into risk.list_book (version) values (0);

-- The line in which events of a cell are judged: one batch after the other, whatever process judges it.
create table risk.judging_line (
    cell     smallint primary key,
    batch_no bigint not null
);

-- A verdict with all it rests on. `subject` names what was asked for (an order, whatever key it comes under): its last
-- verdict stands when it is asked for again, until the code or the wait that it wanted is done (waived).
-- `event` as it was judged; `numbers` the features read; `listed` entries, `rules` that fired, in shadow too.
-- state: given; waived; unjudged (risk was down: `action` is what the declared behaviour made of it).
create table risk.verdict (
    cell         smallint    not null,
    verdict_id   uuid        not null,
    subject      uuid        not null,
    batch_no     bigint      not null,
    at           timestamptz not null,
    day          date        not null,
    kind         text        not null,
    action       text        not null check (action in ('allow', 'watch', 'step_up', 'delay', 'refuse')),
    state        text        not null check (state in ('given', 'waived', 'unjudged')),
    event        jsonb       not null,
    numbers      jsonb       not null,
    listed       jsonb       not null,
    rules        jsonb       not null,
    book_version text        not null,
    shadows      text[]      not null,       -- versions of the books that only watched
    is_attended  boolean     not null,
    list_version bigint      not null,
    retry_at     timestamptz,
    waived_at    timestamptz,
    waived_batch bigint,
    primary key (cell, verdict_id)
);
create index verdict_subject on risk.verdict (cell, subject, batch_no);
create index verdict_day on risk.verdict (cell, day, batch_no);
create index verdict_newest on risk.verdict (at desc, verdict_id);
create index verdict_acted on risk.verdict (action, at desc) where action <> 'allow';
