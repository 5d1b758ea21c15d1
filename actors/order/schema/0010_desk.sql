-- Which orders have a SKU, as a line or as a part of a bundle: read by SKU, the newest first.
create table orders.contained (
    sku text not null,
    created_at timestamptz not null, -- Of the order.
    order_id text not null references orders.orders,
    primary key (sku, created_at, order_id)
);
insert into orders.contained (sku, created_at, order_id)
select distinct s.sku, o.created_at, o.id
from orders.orders o join orders.lines l on l.order_id = o.id
cross join lateral (select l.sku union select part ->> 'sku' from jsonb_array_elements(l.parts) part) s (sku);

-- Few of all orders: of those that are asked for, none must be looked for among the others.
create index orders_refunded on orders.orders (created_at desc, id desc) where refunded > 0;
create index timeline_of_doubts on orders.timeline (order_id) where event in ('DisputeOpened', 'FraudWarned');

-- What staff write about an order, sealed under a key that goes with its buyer.
create table orders.notes (
    id text primary key,
    nr bigint generated always as identity,
    order_id text not null references orders.orders,
    at timestamptz not null,
    by text not null,               -- As records name staff: the label and id of a token, or the id of a person.
    by_id text not null,
    sealed bytea not null
);
create index notes_by_order on orders.notes (order_id, nr);
