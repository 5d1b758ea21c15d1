alter table media.uses
    add column alts jsonb not null default '{}' check (jsonb_typeof(alts) = 'object'), -- By locale, beside the shop's own.
    add column focal double precision[] not null default '{0.5,0.5}' -- From the left, and from the top.
        check (cardinality(focal) = 2 and 0 <= all (focal) and 1 >= all (focal)),
    add column skus text[] not null default '{}' check (cardinality(skus) <= 2048); -- That it shows; none: the product.
