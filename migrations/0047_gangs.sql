-- Gangs and shops found by the daily search. Ties are kept a day at a time, so that a search adds its day to what is
-- known; findings of a day and source are replaced whole when that day is searched again.
create schema if not exists risk;
create table risk.tie (
    day        date   not null,
    one_kind   text   not null,
    one        text   not null,
    other_kind text   not null,
    other      text   not null,
    weight     bigint not null check (weight > 0),
    first_us   bigint not null,                  -- microseconds since 1970 in UTC
    last_us    bigint not null check (last_us >= first_us),
    primary key (day, one_kind, one, other_kind, other)
);
create table risk.finding (
    finding_id   uuid primary key,
    day          date not null,                  -- the last business day of the search
    source       text not null check (source in ('platform', 'exercise')),
    kind         text not null check (kind in
        ('scalper_ring', 'cash_out_gang', 'vest_changer', 'relocated_terminal', 'gambling_merchant')),
    subject_kind text not null,
    subject      text not null,
    score        integer not null check (score between 0 and 10000),
    parties      jsonb not null,                 -- [[kind, value], ..]
    ties         jsonb not null,                 -- among the parties and what they share, to draw
    reasons      jsonb not null,                 -- [[code, zh, en], ..]
    facts        jsonb not null,
    found_at     timestamptz not null
);
create index finding_by_day on risk.finding (day, score);
create index finding_of_subject on risk.finding (subject_kind, subject, day);
