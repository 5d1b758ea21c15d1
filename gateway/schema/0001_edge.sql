create schema gateway;

-- Requests that carry an idempotency key: claimed before the work starts, kept with their answer.
create table gateway.answers (
    key text primary key,            -- A hash of caller, route and key.
    body_hash text not null,
    token text not null,             -- The same for every try of this request; ids are derived from it.
    claimed_at timestamptz not null,
    status integer,
    content bytea,                   -- Encrypted: answers hold access tokens.
    check ((status is null) = (content is null))
);
create index answers_by_time on gateway.answers (claimed_at);

-- Bearer tokens, as hashes.
create table gateway.tokens (
    hash bytea primary key,
    role text not null check (role in ('staff')),
    label text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
