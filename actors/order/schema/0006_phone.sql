-- Carriers call where they don't find the door. A region is a part of the address.
alter table orders.orders add column phone text not null default '';
