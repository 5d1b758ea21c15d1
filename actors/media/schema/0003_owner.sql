-- The id by which this shop marks its bucket as its own: made at the first start, so that a copied template has none.
create table media.owner (
    is_one boolean primary key default true check (is_one),
    id text not null
);
