-- What a shop knows about its goods beyond their texts: definitions, the values beside each product and SKU, and types,
-- which are forms to fill in. Values are checked against the definitions before they are written.
create table catalog.attributes (
    key text primary key check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    title text not null check (title <> ''),
    kind text not null check (kind in ('text', 'choice', 'number', 'boolean', 'date')),
    choices text[] not null check (cardinality(choices) <= 250),
    unit text not null,
    of_sku boolean not null, -- Of each SKU, not of the product.
    filterable boolean not null,
    searchable boolean not null,
    place integer not null,
    check ((kind = 'choice') = (cardinality(choices) > 0))
);
create table catalog.types (
    id text primary key check (id <> ''),
    title text not null unique check (title <> ''),
    options text[] not null check (cardinality(options) <= 5),
    attributes jsonb not null -- [{key, required, value}]
        check (jsonb_typeof(attributes) = 'array' and jsonb_array_length(attributes) <= 200)
);
alter table catalog.products
    add column type_id text references catalog.types,
    add column attributes jsonb not null default '{}'
        check (jsonb_typeof(attributes) = 'object' and octet_length(attributes::text) <= 16384);
alter table catalog.skus
    add column attributes jsonb not null default '{}'
        check (jsonb_typeof(attributes) = 'object' and octet_length(attributes::text) <= 4096);
-- For the question whether a definition is in use. What has no attributes is not in them.
create index products_by_attribute on catalog.products using gin (attributes) where attributes <> '{}';
create index skus_by_attribute on catalog.skus using gin (attributes) where attributes <> '{}';
create index products_by_type on catalog.products (type_id, id) where type_id is not null;
