-- What may wait for a person is little among much, and is looked for whenever somebody asks what is stuck.
create index refunds_not_done on payment.refunds (created_at, id) where status <> 'succeeded';
create index stripe_events_refused on payment.stripe_events (stored_at, id) where effect like 'refused%';
create index payments_closing on payment.payments (created_at) where status = 'closing';
