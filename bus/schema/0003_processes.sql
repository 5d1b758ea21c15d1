-- Which processes there are, and what each hosts; they say every few seconds that they are still there.
create table bus.processes (
    id text primary key,
    hosts text[] not null,
    started_at timestamptz not null,
    seen_at timestamptz not null
);
