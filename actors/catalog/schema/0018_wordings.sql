-- What categories, collections and attributes are called in other languages. A wording is of the texts as they were at a
-- revision of them: `text_revision` counts their changes, one by one.
alter table catalog.categories add column text_revision integer not null default 1;
alter table catalog.collections add column text_revision integer not null default 1;
alter table catalog.attributes add column text_revision integer not null default 1;

create table catalog.wordings (
    kind text not null check (kind in ('category', 'collection', 'attribute')),
    id text not null, -- Of what it is a wording; the turn that removes that removes its wordings.
    locale text not null check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    slug text, -- Null: that of the shop's language. Of a category it is a path.
    texts jsonb not null check (jsonb_typeof(texts) = 'object'), -- What is missing or empty is not translated.
    of_revision integer not null,
    at timestamptz not null,
    primary key (kind, id, locale)
);
create index wordings_by_slug on catalog.wordings (kind, slug) where slug is not null;
create index wordings_by_locale on catalog.wordings (kind, locale, id);
