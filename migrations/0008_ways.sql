-- Ways to a voucher besides the claim button: lists and pushes, packs, codes, gifts, applications with proof, rehearsals.

-- A named list of citizens, imported from a file; its members are in vouchers.list_member.
create table vouchers.list (
    list_id    uuid primary key,
    name       text not null,
    adcode     text,                           -- the division of the bureau that made it; null is the whole city
    file_rows  integer not null check (file_rows >= 0),
    made_by    text not null,
    made_at    timestamptz not null
);

-- Citizens who want no vouchers they did not ask for.
create table citizens.push_opt_out (
    cell       smallint not null,
    citizen_id uuid not null,
    since      timestamptz not null,
    primary key (cell, citizen_id)
);

-- Vouchers sent to a list, to a segment, or again to those whose vouchers of a round expired.
create table vouchers.push (
    push_id     uuid primary key,
    round_id    uuid not null references vouchers.round,
    type_id     uuid not null references vouchers.voucher_type,
    name        text not null,
    audience    jsonb not null,                -- {"kind": "list" | "segment" | "expired", ..}
    state       text not null check (state in ('draft', 'sending', 'sent', 'stopped')),
    counted     integer check (counted >= 0),  -- vouchers, exactly, when it was counted last
    districts   jsonb,                         -- the count by home district
    counted_at  timestamptz,
    made_by     text not null,
    made_at     timestamptz not null,
    started_at  timestamptz,
    ended_at    timestamptz
);
create index push_sending on vouchers.push (started_at) where state = 'sending';

-- Who gets a push, fixed when sending starts; the outcome is written in the commit that grants.
create table vouchers.push_target (
    cell       smallint not null,
    push_id    uuid not null references vouchers.push,
    citizen_id uuid not null,
    copies     smallint not null check (copies > 0),
    granted    smallint,                       -- null: not yet
    outcome    text,
    primary key (cell, push_id, citizen_id),
    check ((granted is null) = (outcome is null))
);
create index push_target_open on vouchers.push_target (cell, push_id, citizen_id) where outcome is null;

-- An expired voucher is issued again once.
create table vouchers.regranted (
    cell       smallint not null,
    voucher_id uuid not null,
    push_id    uuid not null references vouchers.push,
    primary key (cell, voucher_id)
);

-- A round that gives several vouchers as one.
create table vouchers.pack (
    round_id uuid primary key references vouchers.round,
    name     text not null,
    name_en  text not null,
    packs    integer not null check (packs > 0)
);
create table vouchers.pack_item (
    round_id uuid not null references vouchers.pack,
    type_id  uuid not null references vouchers.voucher_type,
    place    smallint not null,                -- the first one's stock is the pack's stock
    copies   smallint not null check (copies > 0),
    primary key (round_id, type_id),
    unique (round_id, place)
);
-- The others of a pack come beside its first: its caps were asked for that one.
alter table vouchers.voucher drop constraint voucher_origin_check;
alter table vouchers.voucher add constraint voucher_origin_check
    check (origin in ('grab', 'draw', 'push', 'code', 'gift', 'apply', 'regrant', 'pack'));
-- Which vouchers came together; the first is the one that was claimed.
create table vouchers.pack_claim (
    cell        smallint not null,
    voucher_id  uuid not null,                 -- the first
    citizen_id  uuid not null,
    round_id    uuid not null,
    voucher_ids uuid[] not null,               -- all, the first among them
    primary key (cell, voucher_id)
);
create index pack_claim_of_citizen on vouchers.pack_claim (cell, citizen_id);

-- Codes: generated in bulk, kept only as keyed hashes.
create table vouchers.code_batch (
    batch_id   uuid primary key,
    round_id   uuid not null references vouchers.round,
    type_id    uuid not null references vouchers.voucher_type,
    name       text not null,
    size       integer not null check (size > 0),
    state      text not null check (state in ('making', 'active', 'stopped')),
    made_by    text not null,
    made_at    timestamptz not null
);
create index code_batch_by_round on vouchers.code_batch (round_id);
create table vouchers.code (
    code_hash   uuid not null primary key,
    batch_id    uuid not null,
    citizen_id  uuid,
    voucher_id  uuid,
    redeemed_at timestamptz,
    check ((citizen_id is null) = (voucher_id is null) and (citizen_id is null) = (redeemed_at is null))
);
create index code_redeemed on vouchers.code (batch_id, redeemed_at) where redeemed_at is not null;
-- Wrong codes of a citizen: after some of them the door is shut for a while.
create table vouchers.code_guess (
    cell         smallint not null,
    citizen_id   uuid not null,
    failures     smallint not null,
    locked_until timestamptz,
    primary key (cell, citizen_id)
);

-- What a store or an institution may give away of a type.
create table vouchers.gift_quota (
    quota_id   uuid primary key,
    type_id    uuid not null references vouchers.voucher_type,
    giver      text not null,                  -- store:<id> or institution:<code>
    quota      integer not null check (quota > 0),
    given      integer not null default 0 check (given between 0 and quota),
    waits_days smallint not null check (waits_days between 1 and 90),
    made_by    text not null,
    made_at    timestamptz not null
);
create index gift_quota_of_giver on vouchers.gift_quota (giver);
create table vouchers.gift (
    cell        smallint not null,             -- the phone's
    gift_id     uuid not null,
    quota_id    uuid not null references vouchers.gift_quota,
    phone_index bytea not null,
    phone_tail  text not null,
    state       text not null check (state in ('waiting', 'delivered', 'expired', 'undeliverable')),
    citizen_id  uuid,
    voucher_id  uuid,
    given_at    timestamptz not null,
    expires_at  timestamptz not null,
    ended_at    timestamptz,
    primary key (cell, gift_id),
    check ((state = 'delivered') = (voucher_id is not null)),
    check ((state = 'waiting') = (ended_at is null))
);
create index gift_waiting on vouchers.gift (cell, phone_index) where state = 'waiting';
create index gift_of_quota on vouchers.gift (quota_id, given_at);

-- Applications with proof.
create table vouchers.application_form (
    round_id        uuid primary key references vouchers.round,
    fields          jsonb not null,            -- what is asked, in order
    second_from_fen bigint check (second_from_fen > 0)  -- from this amount on a second person approves; null: never
);
create table vouchers.application (
    cell           smallint not null,
    application_id uuid not null,
    round_id       uuid not null references vouchers.application_form,
    type_id        uuid not null references vouchers.voucher_type,
    citizen_id     uuid not null,
    state          text not null
        check (state in ('submitted', 'seconding', 'returned', 'approved', 'refused')),
    answers_sealed bytea not null,             -- JSON
    amount_fen     bigint not null check (amount_fen >= 0),
    turn           smallint not null default 1,
    reason         text,                       -- of the last return or refusal: a code
    note           text,                       -- and what the reviewer adds
    first_by       text,                       -- who approved first
    held_by        text,                       -- who is looking at it, until
    held_until     timestamptz,
    voucher_id     uuid,
    submitted_at   timestamptz not null,
    decided_at     timestamptz,
    primary key (cell, application_id),
    check ((state = 'approved') = (voucher_id is not null))
);
create index application_queue on vouchers.application (submitted_at) where state in ('submitted', 'seconding');
create index application_of_citizen on vouchers.application (cell, citizen_id);
create table vouchers.application_proof (
    cell           smallint not null,
    application_id uuid not null,
    name           text not null,
    turn           smallint not null,
    media_type     text not null check (media_type in ('image/jpeg', 'image/png', 'application/pdf')),
    sha256         bytea not null check (length(sha256) = 32),
    sealed         bytea not null,
    primary key (cell, application_id, name, turn)
);
create index application_proof_same on vouchers.application_proof (sha256);
-- Invoice numbers, plates and receipts as blind indexes, so that the same one is found in any campaign.
create table vouchers.application_mark (
    mark           bytea not null,
    kind           text not null,
    cell           smallint not null,
    application_id uuid not null,
    primary key (kind, mark, application_id)
);
create index application_mark_of on vouchers.application_mark (application_id);

-- A rehearsal is a copy of a round for testers; all it gave is void at its end.
create table vouchers.rehearsal (
    round_id    uuid primary key references vouchers.round,  -- the copy
    original_id uuid not null references vouchers.round,
    list_id     uuid not null references vouchers.list,
    made_by     text not null,
    made_at     timestamptz not null,
    ended_at    timestamptz,
    report      jsonb                          -- fixed when it ended
);
create index rehearsal_of_round on vouchers.rehearsal (original_id);
