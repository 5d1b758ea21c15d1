-- Pictures that their senders write into the bucket themselves.
create table media.uploads (
    id text primary key,
    product_id text not null,
    key text not null unique,
    size bigint not null check (size between 1 and 20971520),
    alt text not null check (char_length(alt) <= 500),
    expires_at timestamptz not null,
    image_id text       -- Once it is completed.
);
