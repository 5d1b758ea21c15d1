-- An order may have several payments, one for each purpose. The first keeps its order's id as its own.
alter table payment.refunds drop constraint refunds_order_id_fkey;
alter table payment.payments add column payment_id text, add column purpose text not null default 'order';
update payment.payments set payment_id = order_id;
alter table payment.payments drop constraint payments_pkey;
alter table payment.payments
    alter column payment_id set not null,
    add primary key (payment_id),
    add constraint one_payment_for_a_purpose unique (order_id, purpose);

-- A refund may have begun at Stripe: then its id is Stripe's. Each of Stripe's refunds is known once.
alter table payment.refunds
    add column payment_id text references payment.payments,
    add column is_ours boolean not null default true;
update payment.refunds set payment_id = order_id;
alter table payment.refunds alter column payment_id set not null;
create index refunds_by_payment on payment.refunds (payment_id);
create unique index refunds_by_stripes_id on payment.refunds (stripe_refund_id) where stripe_refund_id <> '';

-- A bank debit takes days.
alter table payment.payments drop constraint payments_status_check;
alter table payment.payments add constraint payments_status check (
    status in ('open', 'processing', 'received', 'closing', 'closed'));
alter table payment.payments add column processing_since timestamptz;
alter table payment.payments add constraint processing_since_when check (
    (status = 'processing') = (processing_since is not null));
create index payments_processing on payment.payments (processing_since) where status = 'processing';
create index payments_open on payment.payments (created_at) where status = 'open';

-- What buyers' banks say against a payment.
create table payment.disputes (
    id text primary key, -- Stripe's.
    payment_id text not null references payment.payments,
    amount bigint not null check (amount > 0),
    reason text not null,
    status text not null check (status in ('inquiry', 'open', 'won', 'lost', 'closed')),
    funds text not null check (funds in ('here', 'withdrawn', 'reinstated')),
    opened_at timestamptz not null
);
create index disputes_by_payment on payment.disputes (payment_id);
create index disputes_undecided on payment.disputes (opened_at, id) where status in ('inquiry', 'open');

create table payment.fraud_warnings (
    id text primary key, -- Stripe's.
    payment_id text not null references payment.payments,
    fraud_type text not null,
    warned_at timestamptz not null
);
create index fraud_warnings_by_payment on payment.fraud_warnings (payment_id);
