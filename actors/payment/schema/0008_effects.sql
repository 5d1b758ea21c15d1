-- What a webhook led to was a sentence, and was taken apart by its beginning. Now it is one word of a few, beside a
-- detail that people read. What no version is known to have written counts as ignored, and is kept whole.
alter table payment.stripe_events add column detail text not null default '';
drop index payment.stripe_events_refused;
update payment.stripe_events set
    effect = case
        when effect ~ '^(ignored|refused|failed): ' then split_part(effect, ': ', 1)
        when effect = 'refund failed: needs a person' then 'refund_failed'
        when effect = 'refunded at Stripe' then 'refunded'
        when effect = 'its refunds are looked up' then 'refunds_listed'
        when effect in ('dispute won', 'dispute lost', 'dispute closed') then 'dispute_closed'
        when effect in ('funds withdrawn', 'funds reinstated') then 'funds_moved'
        when effect = 'warned of fraud' then 'warned'
        else 'ignored' end,
    detail = case
        when effect ~ '^(ignored|refused|failed): ' then substr(effect, position(': ' in effect) + 2)
        when effect = 'refund failed: needs a person' then 'needs a person'
        when effect = 'refunded at Stripe' then 'at Stripe'
        when effect in ('its refunds are looked up', 'warned of fraud') then ''
        when effect in ('dispute won', 'dispute lost', 'dispute closed', 'funds withdrawn', 'funds reinstated')
            then split_part(effect, ' ', 2)
        else effect end
where effect not in ('received', 'processing', 'declined', 'failed', 'closed', 'refunded', 'disputed');
alter table payment.stripe_events add constraint effect_is_known check (effect in (
    'received', 'processing', 'declined', 'failed', 'closed', 'refunded', 'refund_failed', 'refunds_listed', 'disputed',
    'dispute_closed', 'funds_moved', 'warned', 'ignored', 'refused'));
create index stripe_events_refused on payment.stripe_events (stored_at, id) where effect = 'refused';
