-- An order may have several parcels. The first keeps its order's id.
alter table warehouse.pick_lists add column order_id text;
update warehouse.pick_lists set order_id = id;
alter table warehouse.pick_lists alter column order_id set not null;
create index pick_lists_by_order on warehouse.pick_lists (order_id);

-- Why somebody should look before a parcel goes: its money is in doubt. Each reason until it is over, or was accepted.
alter table warehouse.pick_lists add column doubts text[] not null default '{}';
