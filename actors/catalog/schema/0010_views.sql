-- What buyers see of a product, as one document: read by one statement, and written by the turn that changes the product.
create table catalog.views (
    product_id text primary key references catalog.products on delete cascade,
    revision bigint not null, -- Of the last change of what it shows.
    body bytea check (octet_length(body) <= 262144) -- The product as JSON. Null: too large, or not written down yet.
);
create index views_by_revision on catalog.views (revision); -- Whoever shows views asks what came after the last one.

-- The pictures of products that can be shown, as media told of them last: also of a product that is not there (yet).
create table catalog.pictures (
    product_id text primary key,
    version bigint not null, -- Counted by media: older ones that come late change nothing.
    images bytea not null -- As JSON.
);
