-- Titles are sorted by the shop's language, and not by bytes: by a key that is made of each (actors/catalog/sorting.py).
-- Products without one, or with one of another language, are given theirs when the shop starts.
alter table catalog.products
    add column sort_key text collate "C" not null default '',
    add column sorted_by text not null default '';
drop index catalog.products_by_title, catalog.products_by_category;
create index products_by_title on catalog.products (sort_key, id);
create index products_by_category on catalog.products (category, sort_key, id);
create index products_by_rules on catalog.products (sorted_by);
