-- A bank debit takes days, in which its order waits; and who refunds all of an order ends it.
alter table orders.orders drop constraint orders_status_check, drop constraint orders_cancel_reason_check;
alter table orders.orders add constraint orders_status check (status in (
    'pending_payment', 'payment_processing', 'paid', 'picking', 'packed', 'shipped', 'in_transit', 'delivered',
    'cancelled'));
alter table orders.orders add constraint orders_cancel_reason check (cancel_reason in (
    'payment_timeout', 'customer', 'staff', 'out_of_stock', 'refunded'));
-- Until when it can be paid; an order from before this column can be paid until its timer fires.
alter table orders.orders add column pay_until timestamptz;
-- What buyers are not shown: that their bank or the card's issuer suspects them, say.
alter table orders.timeline add column staff_only boolean not null default false;
