-- What is removed leaves these tables, so that its id, slug and SKUs are free, and the keys alone say who has a name.
-- It stays here as it was, for people to look up; here no name is anybody's. Orders have their own copies.
create table catalog.removed_products (
    number bigint generated always as identity primary key,
    removed_at timestamptz not null,
    id text not null,
    slug text not null,
    title text not null,
    category text not null,
    description text not null
);
create table catalog.removed_skus (
    number bigint generated always as identity primary key,
    removed_at timestamptz not null,
    sku text not null,
    product_id text not null,
    title text not null,
    price bigint not null,
    currency text not null,
    weight_g integer not null,
    renamed text -- What it is called now; null if it is gone.
);
create index removed_skus_by_product on catalog.removed_skus (product_id, sku);

insert into catalog.removed_products (removed_at, id, slug, title, category, description)
select removed_at, id, slug, title, category, description from catalog.products
where removed_at is not null order by removed_at, id;
insert into catalog.removed_skus (removed_at, sku, product_id, title, price, currency, weight_g)
select p.removed_at, s.sku, s.product_id, s.title, s.price, s.currency, s.weight_g
from catalog.skus s join catalog.products p on p.id = s.product_id
where p.removed_at is not null order by p.removed_at, s.sku;
delete from catalog.skus s using catalog.products p where p.id = s.product_id and p.removed_at is not null;
delete from catalog.products where removed_at is not null;

drop index catalog.products_by_title, catalog.products_by_price, catalog.products_by_added, catalog.products_by_category,
    catalog.products_by_category_and_price, catalog.products_by_category_and_added;
alter table catalog.products drop column removed_at;
create index products_by_title on catalog.products (title, id);
create index products_by_price on catalog.products (lowest_price, id);
create index products_by_added on catalog.products (added desc);
create index products_by_category on catalog.products (category, title, id);
create index products_by_category_and_price on catalog.products (category, lowest_price, id);
create index products_by_category_and_added on catalog.products (category, added desc, id desc);
