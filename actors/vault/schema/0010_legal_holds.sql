-- Persons, and guests' orders, that must not be forgotten yet. Read by whoever is about to forget, in the same transaction.
create table vault.legal_holds (
    subject text primary key,
    reason text not null check (length(reason) between 1 and 200),
    by_whom text not null,
    at timestamptz not null,
    until timestamptz -- Null: until it is released.
);
