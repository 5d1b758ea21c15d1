-- How parcels travel is data. The first by place is taken where nobody has chosen.
create table shipping.methods (
    id text primary key check (id ~ '\A[a-z0-9_-]{1,64}\Z'),
    title text not null,
    days_min integer not null,
    days_max integer not null,
    place integer not null,
    check (days_min between 0 and days_max)
);

-- A method without a price in the shop's currency is not offered.
create table shipping.prices (
    method_id text not null references shipping.methods,
    currency text not null check (currency ~ '\A[A-Z]{3}\Z'),
    price bigint not null check (price >= 0),   -- Minor units, by ISO 4217.
    free_from bigint check (free_from >= 0),    -- Goods that cost so much travel for nothing.
    primary key (method_id, currency)
);
create index prices_by_currency on shipping.prices (currency);

insert into shipping.methods (id, title, days_min, days_max, place)
values ('standard', 'Standard', 2, 5, 1), ('express', 'Express', 1, 2, 2);

with seeds (currency, standard, express, free_from) as (values
    -- Hundredths.
    ('EUR', 490, 990, 7500), ('USD', 490, 990, 7500), ('GBP', 490, 990, 7500), ('CHF', 490, 990, 7500),
    ('CAD', 490, 990, 7500), ('AUD', 490, 990, 7500), ('NZD', 490, 990, 7500), ('SGD', 490, 990, 7500),
    ('SEK', 4900, 9900, 75000), ('NOK', 4900, 9900, 75000), ('DKK', 3900, 7900, 56000), ('PLN', 1990, 3990, 30000),
    ('CZK', 11900, 23900, 190000), ('HUF', 190000, 390000, 3000000), ('RON', 2490, 4990, 37500),
    ('BGN', 990, 1990, 15000), ('TRY', 19900, 39900, 300000), ('ILS', 1990, 3990, 30000), ('AED', 1990, 3990, 30000),
    ('SAR', 1990, 3990, 30000), ('ZAR', 9900, 19900, 150000), ('INR', 9900, 19900, 150000),
    ('BRL', 2490, 4990, 40000), ('MXN', 9900, 19900, 150000), ('CNY', 3500, 6900, 55000), ('HKD', 3900, 7900, 60000),
    ('TWD', 15000, 30000, 240000), ('THB', 15000, 30000, 250000), ('MYR', 1990, 3990, 30000),
    ('PHP', 25000, 50000, 400000), ('IDR', 4500000, 9000000, 75000000),
    -- Whole units, by ISO 4217 (what Stripe is sent for UGX and ISK is another matter).
    ('JPY', 490, 990, 7500), ('KRW', 3000, 6000, 50000), ('ISK', 990, 1990, 10000), ('UGX', 15000, 30000, 250000),
    ('VND', 50000, 100000, 1000000), ('CLP', 3900, 7900, 60000),
    -- Thousandths; Stripe takes tens of them only.
    ('KWD', 1500, 3000, 25000), ('BHD', 1900, 3800, 30000), ('JOD', 3500, 7000, 55000), ('OMR', 1900, 3800, 30000),
    ('TND', 8000, 16000, 120000)
)
insert into shipping.prices (method_id, currency, price, free_from)
select 'standard', currency, standard, free_from from seeds union all select 'express', currency, express, null from seeds;

-- Until now these figures were in the code, whatever the currency. A shop that has shipped goes on as it was, even if its
-- currency has no prices of its own above. (Which it is, no table of this domain says: so all that are left.)
insert into shipping.prices (method_id, currency, price, free_from)
select method_id, currency, price, free_from
from regexp_split_to_table(btrim('
        AFN ALL AMD ANG AOA ARS AWG AZN BAM BBD BDT BIF BMD BND BOB BSD BWP BYN BZD CDF COP CRC CVE DJF DOP DZD EGP
        ETB FJD FKP GEL GIP GMD GNF GTQ GYD HNL HTG JMD KES KGS KHR KMF KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD
        MMK MNT MOP MUR MVR MWK MZN NAD NGN NIO NPR PAB PEN PGK PKR PYG QAR RSD RUB RWF SBD SCR SHP SLE SOS SRD STD
        SZL TJS TOP TTD TZS UAH UYU UZS VUV WST XAF XCD XOF XPF YER ZMW
    ', E' \n'), '\s+') as currency,
    (values ('standard', 490, 7500), ('express', 990, null)) as today (method_id, price, free_from)
where exists (select from shipping.shipments);
