-- The tree of categories. A path is made of the slugs from the top down ("clothing/shirts"); all that is below a category
-- has its path before its own, and moves with it.
create table catalog.categories (
    id text primary key check (id <> ''),
    parent text references catalog.categories check (parent <> id),
    slug text not null check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    path text collate "C" not null check (path ~ '^([a-z0-9-]+/){0,5}[a-z0-9-]+$'), -- Six levels.
    title text not null check (title <> ''),
    description text not null default '',
    place integer not null default 0,
    unique (path),
    check (path = slug or right(path, length(slug) + 1) = '/' || slug)
);
create index categories_by_title on catalog.categories (title);
create index categories_by_parent on catalog.categories (parent);

-- What products had as a text becomes a category at the top. Letters with accents lose them where that is known here.
with texts as (select distinct category as title from catalog.products where category <> ''),
plain as (
    select title, left(trim('-' from regexp_replace(translate(replace(replace(lower(title), 'ß', 'ss'), 'æ', 'ae'),
        'äáàâãåāăąçćčďđéèêëēėęěğģíìîïīįıķĺļľłñńņňöóòôõøōőŕřśšşșťţțüúùûūůűųýÿžźż',
        'aaaaaaaaacccddeeeeeeeeggiiiiiiikllllnnnnoooooooorrsssstttuuuuuuuuyyzzz'),
        '[^a-z0-9]+', '-', 'g')), 50) as slug
    from texts),
slugs as (select title, coalesce(nullif(trim('-' from slug), ''), 'category') as slug from plain),
numbered as (select title, slug, row_number() over (partition by slug order by title) as place from slugs),
named as (select title, case when place = 1 then slug else slug || '-' || left(md5(title), 8) end as name from numbered)
insert into catalog.categories (id, slug, path, title) select name, name, name, title from named;

-- The categories of a product, the main one first, whose title is its `category`. An array, and no table of pairs: it is
-- written and read with the product, and counted by its distinct values. A turn that removes a category has the lock
-- under which products are written, and looks for those that are in it.
alter table catalog.products add column categories text[] not null default '{}' check (cardinality(categories) <= 30);
update catalog.products p set categories = array[c.id] from catalog.categories c where c.title = p.category;
create index products_by_categories on catalog.products using gin (categories);
create index products_by_main_category on catalog.products ((categories[1]), id);

-- Paths and slugs that something had: kind by kind, for what is not a product.
create table catalog.former_paths (
    kind text not null check (kind in ('category', 'collection')),
    path text collate "C" not null,
    target text not null, -- The id of what had it, which may be gone.
    primary key (kind, path)
);

-- Lists of products that are not a category: by hand, by a search that is made when they are looked at, or both.
create table catalog.collections (
    id text primary key check (id <> ''),
    slug text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    title text not null check (title <> ''),
    description text not null default '',
    rule jsonb check (jsonb_typeof(rule) = 'object'), -- Null: by hand alone.
    items text[] not null default '{}' check (cardinality(items) <= 1000), -- Products, in order, before what is found.
    publish_at timestamptz,
    unpublish_at timestamptz,
    check (unpublish_at > publish_at)
);
