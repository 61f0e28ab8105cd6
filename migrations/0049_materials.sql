-- Materials 物料: stickers, table cards and code plates that a shop asks for, sent to its provider, handed over by a
-- delivery task, confirmed by the shop. What the shop says did not come is sent again with a task of its own.
create table merchants.material_order (
    order_id     uuid primary key,
    store_id     uuid not null references merchants.store,
    stickers     integer not null check (stickers between 0 and 20),
    table_cards  integer not null check (table_cards between 0 and 50),
    code_plates  integer not null check (code_plates between 0 and 10),
    note         text not null,
    state        text not null default 'ordered'
        check (state in ('ordered', 'sent', 'delivered', 'confirmed', 'missing', 'refused', 'withdrawn')),
    task_id      uuid references merchants.task,   -- of the delivery under way, or the last one
    said         text not null default '',         -- why it was refused, or what did not come
    ordered_by   text not null,
    ordered_at   timestamptz not null,
    changed_at   timestamptz not null,
    check (stickers + table_cards + code_plates > 0)
);
create unique index material_order_open on merchants.material_order (store_id)
    where state in ('ordered', 'sent', 'delivered', 'missing');
create unique index material_order_of_task on merchants.material_order (task_id);
create index material_order_of_store on merchants.material_order (store_id, ordered_at);
create index material_order_by_state on merchants.material_order (state, changed_at);
