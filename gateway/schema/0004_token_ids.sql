-- A token is listed and revoked by an id that may be shown, and that says who did something. It tells nothing of the token.
alter table gateway.tokens add column id text not null generated always as ('tok_' || left(encode(hash, 'hex'), 12)) stored;
alter table gateway.tokens add column revoked_at timestamptz;
create unique index tokens_by_id on gateway.tokens (id);
