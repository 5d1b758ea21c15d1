-- Icelandic crowns have no hundredths any more (ISO 4217: 0 decimals), and this shop kept prices in them. From now on
-- Stripe's hundredths are made where Stripe is asked (bus/messages/currencies.py). A part of a crown is rounded up: it
-- can't be paid, and nothing becomes free.
update catalog.skus set price = (price + 99) / 100 where currency = 'ISK';
update catalog.products p set lowest_price = s.lowest from (
    select product_id, min(price) as lowest from catalog.skus where currency = 'ISK' group by product_id) s
where p.id = s.product_id;
