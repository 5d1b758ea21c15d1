create schema payment;

-- At most one payment for an order, and no more than its amount: the key and the checks say so.
create table payment.payments (
    order_id text primary key,
    intent_id text unique,
    attempt integer not null default 1,
    currency text not null,
    amount bigint not null check (amount >= 0), -- 0: called off before it began.
    received bigint not null default 0,
    refunding bigint not null default 0,      -- Refunds that were accepted, whether done or on their way.
    refunded bigint not null default 0,       -- Refunds that are done.
    status text not null check (status in ('open', 'received', 'closing', 'closed')),
    created_at timestamptz not null,
    received_at timestamptz,
    constraint captured_once check (received in (0, amount)),
    constraint never_refunded_more_than_received check (refunded <= refunding and refunding <= received),
    check ((status = 'received') = (received_at is not null))
);

create table payment.refunds (
    id text primary key,
    order_id text not null references payment.payments,
    stripe_refund_id text,
    amount bigint not null check (amount > 0),
    reason text not null,
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    created_at timestamptz not null
);
create index refunds_by_order on payment.refunds (order_id);

-- Every webhook once, with what it led to. What does not fit is kept for people to look at.
create table payment.stripe_events (
    id text primary key,
    type text not null,
    intent_id text not null,
    amount bigint not null,
    effect text not null,
    stored_at timestamptz not null
);
create index stripe_events_by_intent on payment.stripe_events (intent_id);
