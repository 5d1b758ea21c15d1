-- Icelandic crowns were kept in hundredths, which they have no more. Rounded up as the orders themselves are.
update analytics.sales set
    ordered = (ordered + 99) / 100,
    paid = (paid + 99) / 100,
    refunded = (refunded + 99) / 100
where currency = 'ISK';
