-- Changes of products that are made at a time. A timer is stored with each; what became of it stays here.
create table catalog.planned (
    id text primary key,
    product_id text not null,
    due timestamptz not null,
    change jsonb not null check (jsonb_typeof(change) = 'object'),
    by text not null,
    done_at timestamptz, -- Null: not yet.
    refused text, -- Why it could not be made; null: it could, or is not done.
    check (refused is null or done_at is not null)
);
create index planned_by_product on catalog.planned (product_id, due, id);
