-- A party's past is read by its own index whatever the planner believes of the table: a party is counted in one cell
-- only, so its index does without the cell, and no other index can answer for it (readers write `cell + 0`, and the
-- index by time holds hours). Before, a plan made while the table was new read all events of the cell for each party.
-- What is asked of shops' past stands in their indexes: a shop's payments lie far apart in the table.
drop index risk.event_of_citizen, risk.event_of_device, risk.event_of_card, risk.event_of_store,
           risk.event_of_licence, risk.event_of_cashier, risk.event_of_terminal, risk.event_of_place,
           risk.event_by_time;
create index event_of_citizen on risk.event (citizen, kind, at) where homes & 1 <> 0;
create index event_of_device on risk.event (device, kind, at) where homes & 2 <> 0;
create index event_of_card on risk.event (card, kind, at) where homes & 4 <> 0;
create index event_of_store on risk.event (store, kind, at)
    include (cell, event_id, amount, voucher, citizen, device, card) where homes & 8 <> 0;
create index event_of_licence on risk.event (licence, kind, at)
    include (cell, event_id, amount, voucher, citizen, device, card) where homes & 16 <> 0;
create index event_of_cashier on risk.event (cashier, kind, at)
    include (cell, event_id, amount, voucher, citizen, device, card) where homes & 32 <> 0;
create index event_of_terminal on risk.event (terminal, kind, at)
    include (cell, event_id, amount, voucher, citizen, device, card) where homes & 64 <> 0;
create index event_of_place on risk.event (place, kind, at) where homes & 128 <> 0;
create index event_by_hour on risk.event (cell, date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00Z'));
alter table risk.event set (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_vacuum_insert_threshold = 10000);
