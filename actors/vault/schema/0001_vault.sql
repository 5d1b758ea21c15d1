create schema vault;

-- What all other keys are made from, or wrapped under. The newest stands in a setting, a file, or at a key service; older
-- ones, by which tokens of before are still known, are wrapped under it.
create table vault.roots (
    version int primary key check (version > 0),
    provider text not null check (provider in ('master', 'kms')),
    fingerprint bytea not null check (length(fingerprint) = 16),
    context text not null,          -- At the key service: which root of which shop this is.
    wrapped bytea,                  -- Null: it is the newest, and stands outside.
    made_at timestamptz not null,
    check (wrapped is not null or provider = 'master')
);

-- Key-encryption keys: one is current, older ones go as soon as no key is wrapped under them.
create sequence vault.kek_versions as int;
create table vault.keks (
    version int primary key,
    root int not null references vault.roots,
    home text not null check (home in ('folder', 'database')),
    wrapped bytea check (length(wrapped) = 60),
    made_at timestamptz not null,
    check ((home = 'database') = (wrapped is not null))
);
-- Those that are gone. Until `wiped_at` a copy may be left in the folder.
create table vault.destroyed_keks (
    version int primary key,
    home text not null,
    made_at timestamptz not null,
    destroyed_at timestamptz not null,
    wiped_at timestamptz
);

-- One key for each person and purpose. Deleting the row is forgetting the person, for that purpose.
create table vault.keys (
    subject text not null check (subject <> ''),
    purpose text not null check (purpose in ('account', 'invoice', 'activity')),
    kek int not null references vault.keks,
    wrapped bytea not null check (length(wrapped) = 60),
    ends_at timestamptz,
    primary key (subject, purpose)
);
create index keys_by_kek on vault.keys (kek);
create index keys_by_end on vault.keys (ends_at) where ends_at is not null;

-- Who was forgotten: no key is made for them again, and after a backup is restored they are forgotten again.
create table vault.forgotten (
    subject text not null,
    purpose text not null check (purpose in ('account', 'invoice', 'activity')),
    at timestamptz not null,
    primary key (subject, purpose)
);
