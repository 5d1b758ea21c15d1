-- Icelandic crowns were kept in hundredths, which they have no more. Stripe took whole crowns only, so every amount that
-- was ever paid or refunded is divided exactly. What is no whole crown was refused by Stripe and never paid; it is rounded
-- up, and so are payments and sales, so that they still agree. The difference is in the shipping (4.90 ISK was its price),
-- which keeps the total the sum.
update orders.lines l set unit_price = (l.unit_price + 99) / 100
from orders.orders o where o.id = l.order_id and o.currency = 'ISK';
update orders.orders set
    subtotal = (subtotal + 99) / 100,
    shipping = (total + 99) / 100 - (subtotal + 99) / 100,
    total = (total + 99) / 100,
    refunded = (refunded + 99) / 100
where currency = 'ISK';
