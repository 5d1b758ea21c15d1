-- Icelandic crowns were kept in hundredths, which they have no more; Stripe's own amounts stay as they are. Whatever Stripe
-- took or sent back was whole crowns, and is divided exactly. The rest is rounded up as orders are, so that an order and
-- its payment agree; rounding all alike keeps refunded <= refunding <= received, and received at 0 or the amount.
update payment.stripe_events e set amount = (e.amount + 99) / 100
from payment.payments p where p.intent_id = e.intent_id and p.currency = 'ISK';
update payment.refunds r set amount = (r.amount + 99) / 100
from payment.payments p where p.order_id = r.order_id and p.currency = 'ISK';
update payment.payments set
    amount = (amount + 99) / 100,
    received = (received + 99) / 100,
    refunding = (refunding + 99) / 100,
    refunded = (refunded + 99) / 100
where currency = 'ISK';
