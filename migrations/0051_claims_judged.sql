-- Claims and refunds are judged after their commit. state after: it was done already; `action` is what risk says of it.
alter table risk.verdict drop constraint verdict_state_check;
alter table risk.verdict add constraint verdict_state_check
    check (state in ('given', 'waived', 'unjudged', 'after'));

-- Events judged after the fact about which nothing was to be said: no rule spoke, no list knew a party. One row for
-- those of a wave and a business day; a replay needs nothing but the events and what they were judged by.
create table risk.silent (
    cell         smallint not null,
    day          date     not null,
    batch_no     bigint   not null,
    events       jsonb    not null,
    book_version text     not null,
    shadows      text[]   not null,
    list_version bigint   not null,
    primary key (cell, day, batch_no)
);

-- Devices are asked for by voucher. Only rounds that ask for a device have rows here, so no other claim writes it.
create index device_claim_of_voucher on vouchers.device_claim (voucher_id);
