-- What a product is beyond its texts: whether and when it is shown, what it is made by, and in which options it comes.
alter table catalog.products
    add column status text not null default 'active' check (status in ('draft', 'active', 'archived')),
    add column publish_at timestamptz,
    add column unpublish_at timestamptz,
    add column brand text not null default '',
    add column tags text[] not null default '{}' check (cardinality(tags) <= 50),
    add column options jsonb not null default '[]' -- [{name, values}], in the order in which buyers choose.
        check (jsonb_typeof(options) = 'array' and jsonb_array_length(options) <= 5),
    add constraint ends_after_it_begins check (unpublish_at > publish_at);

-- Deferred, since one change may swap two values. What it has no option for is null, and so no combination.
alter table catalog.skus
    add column options text[] not null default '{}' check (cardinality(options) <= 5),
    add column combination text[] generated always as (nullif(options, '{}')) stored,
    add column barcode text,
    add column on_sale boolean not null default true,
    add constraint one_sku_of_a_combination unique (product_id, combination) deferrable initially deferred,
    add constraint one_sku_of_a_barcode unique (barcode) deferrable initially deferred;
