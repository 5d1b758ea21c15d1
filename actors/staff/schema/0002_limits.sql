-- What one person with the role may refund of an order, in minor units; null: what the setting says.
alter table staff.roles add column refund_limit bigint check (refund_limit >= 0);

-- Who has invited or raised whom: those two are one pair of eyes for a while. `by` is a person or a program.
create table staff.makings (
    user_id text not null references staff.users,
    by text not null,
    at timestamptz not null,
    primary key (user_id, by)
);

-- A cancellation gives all the money back: it waits like a refund.
alter table staff.approvals add column what text not null default 'refund' check (what in ('refund', 'cancel'));
