create schema media;

create table media.files (
    id text primary key check (id ~ '\A[0-9a-f]{32}\Z'),
    state text not null check (state in ('waiting', 'ready', 'refused')),
    reason text,
    size bigint not null check (size between 1 and 20971520),   -- Of the original, in bytes.
    width integer not null default 0 check (width between 0 and 12000),
    height integer not null default 0 check (height between 0 and 12000),
    colour text not null default '' check (colour ~ '\A(#[0-9a-f]{6})?\Z'),
    placeholder text not null default '' check (char_length(placeholder) <= 2048),
    stored_at timestamptz not null,
    unused_since timestamptz,
    check (state <> 'ready' or width > 0 and height > 0 and reason is null),
    check (state <> 'refused' or reason is not null)
);

create table media.renditions (
    key text primary key check (key ~ '\Ai/[0-9a-f]{32}/[0-9]{1,5}\.(webp|avif|jpg)\Z'),
    image_id text not null references media.files (id) on delete cascade,
    format text not null check (format in ('avif', 'webp', 'jpeg')),
    width integer not null check (width > 0),
    height integer not null check (height > 0)
);
create index renditions_by_image on media.renditions (image_id);

-- A picture in use can't be deleted.
create table media.uses (
    product_id text not null,
    image_id text not null references media.files (id),
    place integer not null,
    alt text not null check (char_length(alt) <= 500),
    primary key (product_id, image_id)
);
create index uses_by_image on media.uses (image_id);
