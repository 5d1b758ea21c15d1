create schema branding;

-- A row to lock: whoever sets the identity sees what others have set before.
create table branding.one (id boolean primary key default true check (id));
insert into branding.one default values;

-- The last is what the shop shows. Fields that come later are no columns: a revision is read as a whole.
create table branding.revisions (
    revision bigint primary key check (revision > 0),
    at timestamptz not null,
    by text not null,
    brand jsonb not null check (octet_length(brand::text) <= 1000000)
);
