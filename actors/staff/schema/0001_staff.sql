create schema staff;

-- Roles that the shop made itself. Those that every shop has are in rules.py: they change with the code that asks for keys.
create table staff.roles (
    id text primary key check (id ~ '^[a-z][a-z0-9_-]{0,31}$'),
    title text not null check (length(title) <= 64),
    keys text[] not null,
    created_at timestamptz not null
);

create table staff.users (
    id text primary key,
    email_index bytea not null unique check (length(email_index) = 32),
    profile bytea not null,                    -- A sealed box: e-mail and name.
    role text not null,
    state text not null check (state in ('invited', 'active', 'disabled')),
    password text,                             -- As argon2id encodes it.
    totp bytea,                                -- A sealed box: the secret of codes by time.
    totp_begun bytea,                          -- Likewise, of one of which no code was shown yet.
    totp_step bigint not null default -1,      -- Of the last code: no earlier one counts.
    sessions_from bigint not null default 0,   -- Sessions that began under a lower number are void.
    invitation bytea unique,                   -- The hash of the link's token.
    invited_until timestamptz,
    created_at timestamptz not null,
    check ((invitation is null) = (invited_until is null)),
    check (state <> 'active' or password is not null)
);

create table staff.recovery_codes (
    hash bytea primary key,
    user_id text not null references staff.users,
    used_at timestamptz
);
create index recovery_codes_by_user on staff.recovery_codes (user_id);

create table staff.passkeys (
    credential_id bytea primary key,
    user_id text not null references staff.users,
    public_key bytea not null,
    sign_count bigint not null,
    is_backed_up boolean not null,
    site_id text not null,
    label text not null check (length(label) <= 64),
    created_at timestamptz not null,
    used_at timestamptz
);
create index passkeys_by_user on staff.passkeys (user_id);

-- What was done, for ever: only added to. Each link is the SHA-256 of the link before and of this row.
create table staff.actions (
    id bigint primary key,
    at timestamptz not null,
    by text not null,
    key text not null,
    what text not null,
    about text not null,
    before text not null,
    after text not null,
    address text not null,
    request_id text not null,
    link bytea not null check (length(link) = 32)
);
create index actions_by_who on staff.actions (by, id);
create index actions_by_what on staff.actions (about, id);

-- The end of the chain. Whoever changes who may what locks it first: such changes happen one after the other.
create table staff.head (
    is_only boolean primary key default true check (is_only),
    last_id bigint not null,
    link bytea not null
);
insert into staff.head (last_id, link) values (0, sha256('shopflow staff actions'));

-- Refunds that people have asked for, if there is a limit: those within it, and those that wait for a second person.
create table staff.approvals (
    id text primary key,
    order_id text not null,
    refund_id text not null unique,
    amount bigint,                             -- Null: all that is left.
    worth bigint not null check (worth >= 0),  -- At most that much.
    reason text not null,
    by text not null,
    state text not null check (state in ('within', 'waiting', 'approved', 'refused')),
    asked_at timestamptz not null,
    expires_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    check ((state in ('within', 'waiting')) = (decided_by is null)),
    check (decided_by <> by or state = 'refused')    -- Two pairs of eyes.
);
create index approvals_by_order on staff.approvals (order_id);
create index approvals_by_time on staff.approvals (asked_at);

-- Tokens of programs, as hashes. They were in gateway.tokens, which stays for processes of the version before.
create table staff.tokens (
    hash bytea primary key,
    id text not null generated always as ('tok_' || left(encode(hash, 'hex'), 12)) stored,
    label text not null,
    keys text[],                               -- Null: it was made before there were keys, and its holder may all.
    made_by text not null default '',
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create unique index tokens_by_id on staff.tokens (id);
insert into staff.tokens (hash, label, created_at, expires_at, revoked_at)
select hash, label, created_at, expires_at, revoked_at from gateway.tokens;
