-- Icelandic crowns were kept in hundredths, which they have no more. What was stored before and is handled after this must
-- not be taken for a hundred times as much. All that Stripe took is a multiple of 100; what is none is left as it is.
update bus.deliveries set body = regexp_replace(body, '"amount":(-?[0-9]+)00,"currency":"ISK"', '"amount":\1,"currency":"ISK"', 'g')
where body like '%"currency":"ISK"%';
update bus.dead_letters set body = regexp_replace(body, '"amount":(-?[0-9]+)00,"currency":"ISK"', '"amount":\1,"currency":"ISK"', 'g')
where body like '%"currency":"ISK"%';
