-- A mail is about an order, or about something else: then it has none.
alter table email.mails alter column order_id drop not null;
