-- A mail's link opens its order for a year, on any device. The token itself is in the mail alone.
create table email.links (
    order_id text not null,
    hash bytea not null,
    expires_at timestamptz not null,
    withdrawn_at timestamptz, -- Kept when it is withdrawn: a mail that is sent again must not revive its link.
    primary key (order_id, hash)
);
