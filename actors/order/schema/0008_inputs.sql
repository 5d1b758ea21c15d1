-- What its buyer told with a line: [{key, title, value, kind}].
alter table orders.lines add column inputs jsonb not null default '[]'
    check (jsonb_typeof(inputs) = 'array' and jsonb_array_length(inputs) <= 10);
