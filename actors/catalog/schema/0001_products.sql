create schema catalog;

create table catalog.products (
    id text primary key check (id <> ''),
    slug text not null unique check (slug <> ''),
    title text not null check (title <> ''),
    category text not null,
    description text not null,
    added bigint generated always as identity, -- "Newest" is by this.
    words tsvector not null generated always as (
        setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', category), 'B')
        || setweight(to_tsvector('simple', description), 'C')) stored,
    lowest_price bigint not null default 0, -- Of its SKUs, so that a list can be sorted by price.
    removed_at timestamptz
);
create index products_by_words on catalog.products using gin (words);
create index products_by_title on catalog.products (title, id) where removed_at is null;
create index products_by_price on catalog.products (lowest_price, id) where removed_at is null;
create index products_by_added on catalog.products (added desc) where removed_at is null;
create index products_by_category on catalog.products (category, title, id) where removed_at is null;

create table catalog.skus (
    sku text primary key check (sku <> ''),
    product_id text not null references catalog.products,
    title text not null,
    price bigint not null check (price > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    weight_g integer not null check (weight_g > 0)
);
create index skus_by_product on catalog.skus (product_id);
