-- What banks have taken of it, and not put back.
alter table analytics.sales add column disputed bigint not null default 0 check (disputed >= 0);
