-- When a request was first tried under its token. A try that takes over learns it: Stripe was not asked before that.
alter table gateway.answers add column began_at timestamptz;
update gateway.answers set began_at = claimed_at;
