create schema shipping;

-- One parcel for an order.
create table shipping.shipments (
    order_id text primary key,
    shipment_id text not null,
    carrier text not null,
    tracking_number text not null unique,
    booked_at timestamptz not null
);

create table shipping.tracking (
    event_id text primary key,
    tracking_number text not null references shipping.shipments (tracking_number),
    status text not null check (status in ('picked_up', 'in_transit', 'out_for_delivery', 'delivered', 'exception')),
    detail text not null,
    at timestamptz not null,
    stored_at timestamptz not null
);
create index tracking_by_parcel on shipping.tracking (tracking_number, at);
