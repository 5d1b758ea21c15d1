-- Which products have changed, for an index that reads on from its place. The products themselves stay the catalog's.

create schema search;

create table search.counter (
    is_one boolean primary key default true check (is_one), -- One row, locked by each turn: numbers follow the commits.
    seq bigint not null check (seq >= 0),
    id text not null -- Of this database: an index of another one is none of its.
);
insert into search.counter (seq, id) values (0, replace(gen_random_uuid()::text, '-', ''));

create table search.changes (
    product_id text primary key,
    seq bigint not null unique check (seq > 0) -- Of its last change. No gaps when it is given; a later one leaves one.
);

create table search.synonyms (
    place integer primary key check (place between 0 and 999),
    words text[] not null check (cardinality(words) between 2 and 20),
    is_one_way boolean not null -- The first one is also found as the others, and not the other way round.
);

create table search.rules (
    query text primary key check (char_length(query) between 1 and 200), -- In folded words.
    pinned text[] not null check (cardinality(pinned) <= 50),
    buried text[] not null check (cardinality(buried) <= 50),
    redirect text not null check (char_length(redirect) <= 200)
);
