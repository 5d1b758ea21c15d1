-- Who ordered is sealed, under keys of the order's own: how to reach the buyer for as long as the order has its buyer, and
-- to whom it was sold for as long as the law wants to know. Orders of before are sealed while the shop works; until then
-- theirs is in clear, as it was.
alter table orders.orders
    alter column email drop not null,
    alter column name drop not null,
    alter column address drop not null,
    alter column phone drop not null,
    alter column phone drop default,
    add column contact bytea,
    add column invoice bytea,
    add column country text,        -- Of the address: sums by country need no buyer.
    add column email_index bytea check (length(email_index) = 32),
    add column tokens bigint[] not null default '{}',
    add constraint sealed_or_in_clear check ((contact is null) = (email is not null));
create index orders_in_clear on orders.orders (id) where email is not null;
create index orders_by_email on orders.orders (email_index);
create index orders_by_token on orders.orders using gin (tokens);
-- What a carrier wrote about a parcel may name people.
alter table orders.timeline add column sealed bytea;
