create schema analytics;

create table analytics.sales (
    order_id text primary key,
    placed_at timestamptz not null,
    currency text not null,
    units integer not null check (units > 0),
    ordered bigint not null check (ordered > 0),
    paid bigint not null default 0 check (paid >= 0),
    refunded bigint not null default 0 check (refunded >= 0),
    delivered_at timestamptz
);
create index sales_by_time on analytics.sales (placed_at);
