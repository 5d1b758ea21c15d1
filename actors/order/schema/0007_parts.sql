-- What a bundle was made of when it was ordered: [{sku, title, quantity, weight_g, share}], the quantity in each unit.
alter table orders.lines add column parts jsonb not null default '[]'
    check (jsonb_typeof(parts) = 'array' and jsonb_array_length(parts) <= 20);
