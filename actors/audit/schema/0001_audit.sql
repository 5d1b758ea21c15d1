create schema audit;

-- What was put right, by whichever domain owns it.
create table audit.repairs (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    rule text not null,
    about text not null,
    before text not null,
    after text not null
);

-- What a person has seen to elsewhere (at Stripe, say): it is not listed as stuck any more.
create table audit.settled (
    item_id text primary key,
    settled_at timestamptz not null
);
