create schema orders;

create sequence orders.numbers start 100001;

create table orders.orders (
    id text primary key,
    number text not null unique default 'SF-' || nextval('orders.numbers'),
    cart_id text not null,
    status text not null check (status in (
        'pending_payment', 'paid', 'picking', 'packed', 'shipped', 'in_transit', 'delivered', 'cancelled')),
    cancel_reason text check (cancel_reason in ('payment_timeout', 'customer', 'staff', 'out_of_stock')),
    email text not null,
    name text not null,
    address text not null,         -- JSON
    shipping_method text not null check (shipping_method in ('standard', 'express')),
    currency text not null,
    subtotal bigint not null check (subtotal > 0),
    shipping bigint not null check (shipping >= 0),
    total bigint not null,
    refunded bigint not null default 0,
    refund_requested boolean not null default false, -- All of its money is to go back: asked for once.
    weight_g integer not null,
    carrier text,
    tracking_number text,
    created_at timestamptz not null,
    constraint total_is_the_sum check (total = subtotal + shipping),
    constraint never_refunded_more_than_total check (refunded between 0 and total)
);
create index orders_by_time on orders.orders (created_at desc, id desc);
create index orders_by_status on orders.orders (status, created_at desc, id desc);

create table orders.lines (
    order_id text not null references orders.orders,
    place integer not null,
    sku text not null,
    title text not null,
    quantity integer not null check (quantity between 1 and 99),
    unit_price bigint not null check (unit_price > 0),
    primary key (order_id, place)
);

create table orders.timeline (
    id bigint generated always as identity primary key,
    order_id text not null references orders.orders,
    at timestamptz not null,
    event text not null,
    detail text not null
);
create index timeline_by_order on orders.timeline (order_id, id);
