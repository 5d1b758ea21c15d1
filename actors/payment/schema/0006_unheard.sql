-- What was not listened to before is heard now. It is said behind whatever waits of the same orders.

-- Refunds made in Stripe's dashboard were taken for somebody else's: Stripe is asked for all of such a payment's.
insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at)
select 'unheard-refunds-' || p.payment_id, 'payment', 'AdoptRefunds', p.order_id,
    json_build_object('type', 'AdoptRefunds', 'order_id', p.order_id, 'intent_id', p.intent_id)::text, '', now()
from payment.payments p
where p.received > 0 and exists (
    select from payment.stripe_events e
    where e.intent_id = p.intent_id and e.type like 'refund.%' and e.effect = 'ignored: not a refund of this shop');

-- Nobody was told when all of an order's money went back, and its parcel went off all the same. This is the one
-- statement that reads the orders, once: what has left the house is left alone.
do $$
begin
    if to_regclass('orders.orders') is not null then
        insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at)
        select 'unheard-full-' || p.payment_id, subscriber, 'FullyRefunded', p.order_id,
            json_build_object('type', 'FullyRefunded', 'order_id', p.order_id)::text, '', now()
        from payment.payments p join orders.orders o on o.id = p.order_id,
            unnest(array['order', 'warehouse']) as subscriber
        where p.received > 0 and p.refunding = p.received and o.status in ('paid', 'picking', 'packed');
    end if;
end $$;

-- What an order asked back was all that was left, and did not say so. Should Stripe refuse it because somebody gave a
-- part of it back in the dashboard, the rest goes back.
update bus.deliveries set body = (body::jsonb || '{"is_rest": true}')::text
where type = 'SendRefund' and body::jsonb ->> 'refund_id' like key || '-refund-%';
-- Those that Stripe has refused for that were parked, and failed for ever: now they can be done.
with back as (
    delete from bus.dead_letters
    where type = 'SendRefund' and body::jsonb ->> 'refund_id' like key || '-refund-%'
    returning *
)
insert into bus.deliveries (message_id, subscriber, type, key, body, cause, trace, stored_at)
select message_id, subscriber, type, key, (body::jsonb || '{"is_rest": true}')::text, cause, trace, now()
from back order by id;
