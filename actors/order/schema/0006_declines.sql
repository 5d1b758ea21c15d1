-- Whoever tries one stolen card after the other on an order is stopped: too many declined attempts end it.
alter table orders.orders add column declines integer not null default 0;
alter table orders.orders drop constraint orders_cancel_reason;
alter table orders.orders add constraint orders_cancel_reason check (cancel_reason in (
    'payment_timeout', 'payment_declined', 'customer', 'staff', 'out_of_stock', 'refunded'));
