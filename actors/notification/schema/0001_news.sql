create schema notification;

create table notification.news (
    id bigint generated always as identity primary key,
    order_id text not null,
    status text not null,
    detail text not null,
    at timestamptz not null
);
create index news_by_order on notification.news (order_id, id);
