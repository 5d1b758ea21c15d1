-- Who of the staff asked for a refund; empty for an order's own, and for one that began at Stripe.
alter table payment.refunds add column by text not null default '';
