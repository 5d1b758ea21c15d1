-- When to look at Stripe for what has not been heard of: no time, nothing to look for.
alter table payment.payments add column next_look_at timestamptz;
alter table payment.refunds add column next_look_at timestamptz;
update payment.payments set next_look_at = created_at where status in ('open', 'closing');
update payment.refunds set next_look_at = created_at where status = 'pending';
create index payments_by_next_look on payment.payments (next_look_at) where next_look_at is not null;
create index refunds_by_next_look on payment.refunds (next_look_at) where next_look_at is not null;

-- One row: who looks has it until `busy_until`, and leaves here what part of Stripe's list comes next.
create table payment.reconciler (
    is_one boolean primary key default true check (is_one),
    busy_until timestamptz not null,
    created_from timestamptz,
    created_to timestamptz,
    planned_at timestamptz,
    after text not null default '',
    check ((created_from is null) = (created_to is null) and (created_from is null) = (planned_at is null))
);
insert into payment.reconciler (busy_until) values ('1970-01-01T00:00:00Z');
