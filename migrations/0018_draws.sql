-- Registrations that were withdrawn before the close. The published list holds those in vouchers.registration.
create table vouchers.withdrawal (
    cell          smallint not null,
    draw_id       uuid     not null,
    citizen_id    uuid     not null,
    platform      text     not null,           -- the app it had come by
    registered_at timestamptz not null,
    request_key   uuid     not null,           -- of the registration: a late repeat of it does not sign up again
    withdraw_key  uuid     not null,           -- of the withdrawal: a late repeat of it takes no later one back
    withdrawn_at  timestamptz not null,
    primary key (cell, draw_id, citizen_id, request_key)
);

-- Its outcomes have another shape than before.
drop function if exists vouchers.register(
    int, timestamptz, date, uuid, uuid[], vouchers.citizen_facts[], bytea[], smallint[], text[], uuid[], uuid[]);
drop function if exists flows.register_for_draw(
    int, timestamptz, uuid, uuid[], bytea[], smallint[], text[], uuid[], uuid[]);

-- Who a citizen is, verified against a register. A number belongs to one citizen: its row lies in its own cell.
create table citizens.identity (
    cell          smallint not null,
    citizen_id    uuid     not null,
    number_sealed bytea    not null,
    number_index  bytea    not null,
    card_sealed   bytea,                       -- social-security card
    verified_at   timestamptz not null,
    card_at       timestamptz,
    primary key (cell, citizen_id)
);
create table citizens.identity_holder (
    cell         smallint not null,            -- of the number's blind index
    number_index bytea    not null,
    citizen_id   uuid     not null,
    primary key (cell, number_index)
);
-- How often somebody asked the register on a day: it is no oracle.
create table citizens.identity_try (
    cell       smallint not null,
    citizen_id uuid     not null,
    day        date     not null,
    tries      smallint not null,
    primary key (cell, citizen_id, day)
);

-- What caps of use for everyone add up; rows are there only where a cap of use counts them.
create index voucher_used_at on vouchers.voucher (campaign_id, used_at, used_on) where used_on is not null;
