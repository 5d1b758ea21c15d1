-- What was changed, when and by whom: an entry for each revision, from now on. `fields` has the changed ones only, as a
-- list of {field, before, after}; a SKU is a field of its own.
create table catalog.history (
    revision bigint primary key,
    product_id text not null,
    at timestamptz not null,
    by text not null,
    fields jsonb not null check (jsonb_typeof(fields) = 'array' and jsonb_array_length(fields) > 0)
);
create index history_by_product on catalog.history (product_id, revision desc);

-- Slugs that products had. One that is taken again leaves this table; of a removed product it says that it was there.
create table catalog.former_slugs (slug text primary key, product_id text not null);
insert into catalog.former_slugs (slug, product_id)
select distinct on (slug) slug, id from catalog.removed_products r
where not exists (select from catalog.products p where p.slug = r.slug) order by slug, number desc;
