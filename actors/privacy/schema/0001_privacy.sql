create schema privacy;

-- Persons who are being forgotten. The row goes when everything is.
create table privacy.erasures (
    subject text primary key, -- A customer's id, or that of a guest's order.
    reason text not null check (reason in ('closed', 'asked', 'replayed')),
    begun_at timestamptz not null,
    tried_at timestamptz,
    waiting integer not null default 0, -- Orders that have not ended, or are on hold.
    readable integer not null default 0 -- Boxes that could still be opened: a fault, and tried again.
);

-- The proofs, which are only added to. Each is linked to the one before: none can be changed or left out unnoticed.
create table privacy.receipts (
    id bigint primary key,
    at timestamptz not null,
    begun_at timestamptz not null,
    subject_hash bytea not null check (length(subject_hash) = 32), -- Keyed: it says nothing to who has only this table.
    reason text not null check (reason in ('closed', 'asked', 'replayed')),
    checked text not null, -- JSON, as it was hashed.
    link bytea not null unique check (length(link) = 32)
);
create index receipts_by_subject on privacy.receipts (subject_hash);

-- What this database knows of the list of the forgotten that is kept outside of it. After a restore it knows less.
create table privacy.listed (
    name text primary key
);
-- Who was brought back by a restored backup, and is to be forgotten again.
create table privacy.revived (
    subject text primary key
);
