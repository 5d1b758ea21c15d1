create schema warehouse;

create table warehouse.pick_lists (
    id text primary key,             -- The order's.
    number text not null,
    status text not null check (status in ('waiting', 'open', 'picked', 'packed', 'shipped', 'cancelled')),
    confirmed boolean not null default false, -- The order knows that it is packed, and nobody can call it off.
    lines text not null,             -- JSON
    weight_g integer not null check (weight_g > 0),
    created_at timestamptz not null,
    check (not confirmed or status in ('packed', 'shipped', 'cancelled'))
);
create index pick_lists_by_time on warehouse.pick_lists (created_at, id);
create index pick_lists_by_status on warehouse.pick_lists (status, created_at, id);
