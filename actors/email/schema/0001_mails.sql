create schema email;

-- What was handed to the mail server. A mail that waits to be sent is a delivery; its row there is its place in line.
create table email.mails (
    message_id text primary key, -- Made of event and template: no event has two mails of a kind.
    order_id text not null,
    template text not null,
    sent_at timestamptz not null
);
create index mails_by_order on email.mails (order_id, sent_at);
