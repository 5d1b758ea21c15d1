create schema imports;

create table imports.imports (
    id text primary key check (id <> ''),
    number bigint generated always as identity unique, -- Lists are by it.
    name text not null,
    upload text not null, -- The object with the file; deleted at the end.
    hash text not null,
    decimal text check (decimal in ('none', '.', ',')),
    has_stock boolean not null,
    is_trial boolean not null,
    pictures_upload text not null,
    is_asked boolean not null,
    by text not null,
    undone_by text not null default '',
    at timestamptz not null,
    ended_at timestamptz,
    -- What is to be done next, and by which step. A piece of work is recorded once: by the step that it was begun in.
    phase text not null check (phase in ('read', 'goods', 'pictures', 'done', 'failed', 'drops', 'counts', 'skus', 'undone')),
    step integer not null default 0,
    -- Where the goods, the pictures or the undo have come to.
    product integer not null default 0,
    line integer not null default 0,
    revision bigint,
    sku text not null default '',
    -- The report.
    encoding text not null default '',
    ignored text[] not null default '{}',
    lines integer not null default 0,
    added integer not null default 0,
    changed integer not null default 0,
    unchanged integer not null default 0,
    refused integer not null default 0,
    pictures integer not null default 0,
    pictures_failed integer not null default 0,
    reason text not null default '',
    restored integer not null default 0,
    kept integer not null default 0,
    check ((ended_at is null) = (phase in ('read', 'goods', 'pictures', 'drops', 'counts', 'skus')))
);
create index unfinished_imports on imports.imports (hash) where phase in ('read', 'goods', 'pictures');

create table imports.report_lines (
    import_id text not null references imports.imports,
    number bigint generated always as identity,
    line integer not null,
    column_name text not null,
    reason text not null,
    primary key (import_id, line, number)
);
create table imports.previews (
    import_id text not null references imports.imports,
    kind text not null check (kind in ('added', 'changed', 'unchanged')),
    number bigint generated always as identity,
    line integer not null,
    product_id text not null,
    sku text not null,
    fields jsonb not null,
    primary key (import_id, kind, number)
);
create table imports.used_pictures ( -- That products had not before.
    import_id text not null references imports.imports,
    number integer generated always as identity,
    product_id text not null,
    image_id text not null,
    primary key (import_id, number)
);
create table imports.kept_changes (
    import_id text not null references imports.imports,
    number bigint generated always as identity,
    about text not null,
    reason text not null,
    fields jsonb not null,
    primary key (import_id, number)
);
