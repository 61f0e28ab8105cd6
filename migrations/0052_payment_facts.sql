-- Where whoever acts was: an H3 cell as a number, so that the way to the next event can be told.
alter table risk.event add column spot bigint;
-- Since when a store is known comes with what a payment needs to know of it.
drop function if exists merchants.store_facts(uuid[], timestamptz) cascade;
drop function if exists flows.prepare_payments(int, timestamptz, uuid[], uuid[], uuid[], uuid[], uuid[], int[], uuid[],
                                               text[]);
