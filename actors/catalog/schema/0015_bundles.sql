-- SKUs that are made of others. A part can't be taken off while a bundle needs it; the key is checked at the commit,
-- since one change may rename a part.
create table catalog.bundle_parts (
    bundle text not null references catalog.skus on delete cascade,
    part text not null references catalog.skus deferrable initially deferred,
    quantity integer not null check (quantity between 1 and 99),
    primary key (bundle, part),
    check (bundle <> part)
);
create index bundles_by_part on catalog.bundle_parts (part);

-- Each SKU that is a bundle, or was one. Its edition grows with its parts: it is the upper half of its level's version,
-- which never goes back. So it stays when the SKU is removed.
create table catalog.bundles (sku text primary key, edition integer not null check (edition > 0));
