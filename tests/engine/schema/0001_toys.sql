create schema toys;

-- What toy actors have done, in the order they did it, and in which transaction.
create table toys.done (
    place bigint generated always as identity primary key,
    actor text not null,
    key text not null,
    what text not null,
    tx text not null default pg_current_xact_id()::text
);
