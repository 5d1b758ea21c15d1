-- A refund that was begun after another had failed stands for it. One that was begun before does not: its buyer still
-- waits for the failed one.
alter table payment.refunds add column failed_at timestamptz;
update payment.refunds set failed_at = created_at where status = 'failed';
alter table payment.refunds add constraint failed_at_when check ((status = 'failed') = (failed_at is not null));
