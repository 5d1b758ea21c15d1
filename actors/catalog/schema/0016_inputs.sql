-- What buyers may or must tell with a product: an engraving, a choice. A list, as options are: it is only read whole.
alter table catalog.products
    add column inputs jsonb not null default '[]' -- [{key, title, kind, choices, max_length, surcharge, is_required}]
        check (jsonb_typeof(inputs) = 'array' and jsonb_array_length(inputs) <= 10);
