create schema customer;

-- Nothing of a person stands here in clear: boxes are sealed under the person's own key (engine/vault.py).
create table customer.customers (
    id text primary key, -- cus_ and 128 random bits.
    email_index bytea unique check (length(email_index) = 32), -- A keyed hash: no two accounts have one address.
    profile bytea not null, -- A box: address, name, phone, language.
    password text, -- By argon2id. Without one there are codes and passkeys.
    state text not null check (state in ('active', 'closing', 'erased')),
    sessions_from bigint not null default 1, -- Sessions of lower numbers are void, whatever Redis says.
    cart_id text, -- The cart to go on with at the next sign-in.
    closes_at timestamptz,
    created_at timestamptz not null,
    check ((state = 'closing') = (closes_at is not null)),
    check ((state = 'erased') = (email_index is null))
);

-- Sessions that were ended one by one, until they would have ended: a Redis restored from an old file has them again.
create table customer.ended_sessions (
    id text primary key,
    until timestamptz not null
);
create index ended_sessions_by_end on customer.ended_sessions (until);

-- What proves an address: one for each purpose, the newest. It is used once, for using it deletes it.
create table customer.codes (
    purpose text not null check (purpose in ('register', 'login', 'reset', 'email', 'undo')),
    email_index bytea not null check (length(email_index) = 32),
    id text not null unique, -- Code and token are computed of it, with a key that is not here.
    subject text not null, -- The customer, or who may become one.
    sealed bytea not null, -- A box of the subject's.
    tries smallint not null default 0 check (tries between 0 and 5),
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (purpose, email_index)
);
create index codes_by_end on customer.codes (expires_at);

create table customer.addresses (
    id text primary key,
    customer_id text not null references customer.customers,
    content bytea not null, -- A box.
    is_default boolean not null,
    created_at timestamptz not null
);
create index addresses_by_customer on customer.addresses (customer_id);
create unique index one_default_address on customer.addresses (customer_id) where is_default;

create table customer.passkeys (
    id text primary key, -- The credential's, in hex.
    customer_id text not null references customer.customers,
    public_key bytea not null,
    sign_count bigint not null,
    is_backed_up boolean not null,
    site_id text not null,
    label bytea not null, -- A box: people name passkeys after themselves.
    created_at timestamptz not null,
    used_at timestamptz
);
create index passkeys_by_customer on customer.passkeys (customer_id);

create table customer.consents (
    id bigint generated always as identity primary key,
    customer_id text not null references customer.customers,
    purpose text not null check (purpose in ('newsletter', 'statistics', 'personalisation', 'review_requests')),
    is_given boolean not null,
    text_version text not null,
    source text not null,
    at timestamptz not null
);
create index consents_by_customer on customer.consents (customer_id, id);

-- An order belongs to the first account that it was put into.
create table customer.orders (
    order_id text primary key,
    customer_id text not null references customer.customers,
    place bigint generated always as identity,
    attached_at timestamptz not null
);
create index orders_by_customer on customer.orders (customer_id, place);
