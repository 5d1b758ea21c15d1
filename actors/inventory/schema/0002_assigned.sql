-- Three numbers for a SKU. Until now a unit left `on_hand` when it was paid, so whoever counted the shelf counted units
-- that were sold, and they were sold again. Now it leaves when its parcel does; until then it is `assigned`.
alter table inventory.stock add column assigned integer not null default 0;
alter table inventory.ledger add column assigned_change integer not null default 0;

-- A hold is also of a bank that takes days to decide (`processing`, without an end), and it is shipped in the end.
alter table inventory.holds drop constraint holds_stage_check, drop constraint holds_check1;
alter table inventory.holds add constraint holds_stage check (stage in (
    'cart', 'checkout', 'payment', 'processing', 'sold', 'shipped', 'expired', 'returned'));
alter table inventory.holds add constraint holds_end check (
    (stage in ('cart', 'checkout', 'payment')) = (expires_at is not null));

-- What is paid and not shipped is assigned, and back on the shelf. Only the orders know which: this is the one statement
-- that reads them, once, and a shop whose orders are not there yet has sold nothing.
create temporary table shipped_orders (id text primary key) on commit drop;
do $$
begin
    if to_regclass('orders.orders') is not null then
        insert into shipped_orders
            select id from orders.orders where status in ('shipped', 'in_transit', 'delivered');
    end if;
end $$;
update inventory.holds set stage = 'shipped'
    where stage = 'sold' and order_id in (select id from shipped_orders);
-- Gone, though the news of its money waits here or is parked: nobody else had these units, and nobody will.
with gone as (
    update inventory.holds set stage = 'shipped', expires_at = null
    where stage in ('checkout', 'payment') and order_id in (select id from shipped_orders) returning sku, quantity
), units as (
    select sku, sum(quantity)::integer as units from gone group by sku
), counted as (
    update inventory.stock s set on_hand = on_hand - units, held = held - units from units where s.sku = units.sku
)
insert into inventory.ledger (at, sku, on_hand_change, assigned_change, held_change, reason, reference)
    select now(), sku, -units, 0, -units, 'shipped units are gone', '' from units;
with sold as (
    select sku, sum(quantity)::integer as units from inventory.holds where stage = 'sold' group by sku
), counted as (
    update inventory.stock s set on_hand = on_hand + units, assigned = units from sold where s.sku = sold.sku
)
insert into inventory.ledger (at, sku, on_hand_change, assigned_change, held_change, reason, reference)
    select now(), sku, units, units, 0, 'sold units are counted', '' from sold;

alter table inventory.stock drop constraint never_oversold;
alter table inventory.stock
    add constraint held_is_a_count check (held >= 0),
    add constraint assigned_is_a_count check (assigned >= 0),
    -- Never oversold: what the code gets wrong is refused here.
    add constraint never_oversold check (assigned + held <= on_hand);
-- The audit's sums, and what is still to leave.
create index holds_sold on inventory.holds (sku) where stage = 'sold';
