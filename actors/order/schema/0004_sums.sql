-- All parts of what an order costs, as the cart quoted them. How parcels travel is the shipping's own business.
alter table orders.orders
    drop constraint orders_shipping_method_check,
    drop constraint orders_subtotal_check,
    drop constraint total_is_the_sum,
    alter column weight_g type bigint,
    add column discount bigint not null default 0 check (discount >= 0),
    add column fees bigint not null default 0 check (fees >= 0),
    add column tax bigint not null default 0 check (tax >= 0),
    add column prices_include_tax boolean not null default true,
    add constraint subtotal_is_no_debt check (subtotal >= 0),
    add constraint discount_is_of_the_goods check (discount <= subtotal),
    add constraint total_is_the_sum check (
        total = subtotal - discount + shipping + fees + case when prices_include_tax then 0 else tax end);
