-- Guests who pay by card number, tokens on phones, limits of instruments.

-- A guest's card that a citizen bound later: what the guest paid is the citizen's from then on.
alter table payments.instrument add column handed_to uuid;
create index instrument_handed on payments.instrument (handed_to) where handed_to is not null;

-- A card typed at the cashier, on its way to paying one order: verified by its issuer, which texted a code.
create table payments.guest_card (
    cell          smallint not null,           -- the order's
    code_id       uuid     not null,
    order_id      uuid     not null,
    citizen_id    uuid     not null,           -- who bound the card, or the guest that the card stands for
    instrument_id uuid     not null,
    issuer        text     not null,
    phone_tail    text     not null,
    asked_at      timestamptz not null,
    expires_at    timestamptz not null,
    primary key (cell, code_id)
);
create index guest_card_of_order on payments.guest_card (cell, order_id);
