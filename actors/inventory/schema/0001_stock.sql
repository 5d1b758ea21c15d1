create schema inventory;

create table inventory.stock (
    sku text primary key,
    on_hand integer not null,
    held integer not null default 0,
    version bigint not null default 1,
    -- Never oversold: what the code gets wrong is refused here.
    constraint never_oversold check (held between 0 and on_hand)
) with (fillfactor = 50); -- Room for updates in place: these rows change all day.

-- Units set aside. A hold lives while it is of a cart, a checkout or a payment; then it is sold, has expired (nobody
-- decided) or was returned (its order was called off).
create table inventory.holds (
    id bigint generated always as identity primary key,
    sku text not null references inventory.stock,
    cart_id text not null,
    order_id text,
    quantity integer not null check (quantity > 0),
    stage text not null check (stage in ('cart', 'checkout', 'payment', 'sold', 'expired', 'returned')),
    expires_at timestamptz,
    -- What is indexed of it. A hold that is renewed within the minute changes no index, so its row is updated in place.
    ends_minute integer generated always as (floor(extract(epoch from expires_at at time zone 'UTC') / 60)::integer) stored,
    check ((stage = 'cart') = (order_id is null)),
    check ((stage in ('cart', 'checkout', 'payment')) = (expires_at is not null))
) with (fillfactor = 70);
create unique index one_hold_of_a_cart on inventory.holds (cart_id, sku) where order_id is null;
create unique index one_hold_of_an_order on inventory.holds (order_id, sku) where order_id is not null;
create index holds_by_end on inventory.holds (ends_minute) where ends_minute is not null;

-- Every change there ever was, from which the counters can be computed again.
create table inventory.ledger (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    sku text not null,
    on_hand_change integer not null,
    held_change integer not null,
    reason text not null,
    reference text not null -- The order, or the cart.
);
