-- Texts for search engines, and each text in other languages. A translation is of the texts as they were at a revision of
-- the product; `text_revision` is the last one that changed any of them.
alter table catalog.products
    add column seo_title text not null default '',
    add column seo_description text not null default '',
    add column text_revision bigint not null default 0;
update catalog.products set text_revision = revision;

create table catalog.translations (
    product_id text not null references catalog.products on delete cascade,
    locale text not null check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    slug text, -- Null: that of the product.
    texts jsonb not null check (jsonb_typeof(texts) = 'object'), -- What is missing or empty is not translated.
    of_revision bigint not null,
    at timestamptz not null,
    primary key (product_id, locale)
);
create index translations_by_slug on catalog.translations (slug);
