-- Mails that staff send again. The first one of each is in email.mails, which an order has once of a kind.
create table email.resends (
    id text primary key,          -- Before the @ of its Message-ID.
    order_id text not null,
    template text not null,
    by text not null,             -- Who of the staff asked.
    asked_at timestamptz not null, -- The kind of mail is told as of then, but for what it first told of.
    first_at timestamptz not null, -- When the first one was sent.
    sent_at timestamptz
);
create index resends_by_order on email.resends (order_id, asked_at);
