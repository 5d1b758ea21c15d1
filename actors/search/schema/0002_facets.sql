-- What documents are made by, and what staff arranged: an index, or a process, that knows an older number is behind.
alter table search.counter
    add column layout bigint not null default 0 check (layout >= 0), -- An index of another one is built anew.
    add column arranged bigint not null default 0 check (arranged >= 0); -- Processes read all of it again.

-- The catalog's definitions, as far as the search needs them: what is filtered by, and what is searched.
create table search.attributes (
    key text primary key,
    title text not null,
    kind text not null,
    unit text not null,
    filterable boolean not null,
    searchable boolean not null,
    place integer not null
);

-- Which SKUs have sold out, come back, or sell more or less than before. Their numbers are of the same counter.
create table search.sku_changes (
    sku text primary key,
    seq bigint not null unique check (seq > 0)
);

-- Units that were sold, by day (UTC), for 30 days. Nobody who bought them is here.
create table search.sold (
    sku text not null,
    day date not null,
    units bigint not null check (units > 0),
    primary key (sku, day)
);
create index sold_by_day on search.sold (day);
create table search.sold_until (
    is_one boolean primary key default true check (is_one),
    day date not null -- The last one that is counted.
);

-- What was looked for, by day (UTC), for 90 days: as folded words, and never who.
create table search.terms (
    day date not null,
    query text not null check (char_length(query) between 1 and 200),
    searches bigint not null check (searches > 0),
    empty bigint not null check (empty between 0 and searches),
    primary key (day, query)
);
