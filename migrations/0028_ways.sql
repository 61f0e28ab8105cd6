-- How many codes may ever be made for a round of mode code, as its campaign document says; null is any number.
alter table vouchers.round add codes_most integer check (codes_most > 0);

-- How far a batch of codes is that somebody waits for at the desk; written beside the transaction that makes it.
create table vouchers.code_making (
    making_id  uuid primary key,
    actor      text not null,
    done       integer not null,
    size       integer not null,
    told_at    timestamptz not null
);
