create schema bus;

-- One subscriber's right to handle one message. Inserted with the state it speaks of, deleted with the effect.
create table bus.deliveries (
    id bigint generated always as identity primary key,
    message_id text not null,
    subscriber text not null,
    type text not null,
    key text not null,
    body text not null,           -- The message as JSON.
    cause text not null,          -- The message that led to it.
    attempts integer not null default 0 check (attempts >= 0),
    stored_at timestamptz not null,
    due timestamptz               -- Null: as soon as possible. Else a durable timer.
) with (
    -- Rows live for milliseconds: clean up by count, not by a share of a table that is nearly always empty.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000
);
create index deliveries_waiting on bus.deliveries (subscriber, id) where due is null;
create index deliveries_timers on bus.deliveries (due, id) where due is not null;

-- What could not be handled, with the last error, until somebody redrives it.
create table bus.dead_letters (
    id bigint generated always as identity primary key,
    message_id text not null,
    subscriber text not null,
    type text not null,
    key text not null,
    body text not null,
    cause text not null,
    attempts integer not null,
    error text not null,
    parked_at timestamptz not null
);
