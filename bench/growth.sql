-- So many products sold so many times: product, stock and order number N each, all delivered long ago.
insert into catalog.categories (id, slug, path, title)
select 'category-' || n, 'category-' || n, 'category-' || n, 'Category ' || n from generate_series(0, 19) n
on conflict (id) do nothing;
insert into catalog.products
    (id, slug, title, category, categories, description, lowest_price, sort_key, sorted_by, revision)
select 'P' || n, 'grown-' || n, 'Grown product ' || n, 'Category ' || n % 20, array['category-' || n % 20],
    'For benches.', 1000 + n % 9000, 'grown product ' || n, 'en-1', c.revision + n
from generate_series(1, :many) n, catalog.counter c;
update catalog.counter set revision = revision + :many;
insert into catalog.skus (sku, product_id, title, price, currency, weight_g)
select 'GROWN-' || n, 'P' || n, '', 1000 + n % 9000, 'EUR', 250 from generate_series(1, :many) n;
insert into inventory.stock (sku, on_hand) select 'GROWN-' || n, 1000 from generate_series(1, :many) n;
insert into inventory.holds (sku, cart_id, order_id, quantity, stage)
select 'GROWN-' || n, 'crt_' || n, 'ord_' || n, 1, 'shipped' from generate_series(1, :many) n;
insert into inventory.ledger (at, sku, on_hand_change, held_change, reason, reference)
select now() - interval '1 year', 'GROWN-' || n, 1001, 0, 'set', '' from generate_series(1, :many) n
union all
select now() - interval '1 month', 'GROWN-' || n, -1, 0, 'shipped', 'ord_' || n from generate_series(1, :many) n;
insert into orders.orders (
    id, cart_id, status, email, name, phone, address, shipping_method, currency, subtotal, shipping, total, weight_g, created_at)
select 'ord_' || n, 'crt_' || n, 'delivered', 'ada' || n || '@example.com', 'Ada', '',
    '{"line1": "1 Main Street", "postal_code": "10115", "city": "Berlin", "country": "DE"}', 'standard', 'EUR',
    1000 + n % 9000, 490, 1490 + n % 9000, 250, now() - interval '1 month' - n * interval '1 second'
from generate_series(1, :many) n;
insert into orders.lines (order_id, place, sku, title, quantity, unit_price)
select 'ord_' || n, 0, 'GROWN-' || n, 'Grown product ' || n, 1, 1000 + n % 9000 from generate_series(1, :many) n;
insert into orders.timeline (order_id, at, event, detail)
select 'ord_' || n, now() - interval '1 month', event, ''
from generate_series(1, :many) n, unnest(array['OrderCreated', 'PaymentReceived', 'OrderDelivered']) as event;
insert into payment.payments (payment_id, order_id, intent_id, currency, amount, received, status, created_at, received_at)
select 'ord_' || n, 'ord_' || n, 'pi_' || n, 'EUR', 1490 + n % 9000, 1490 + n % 9000, 'received', now() - interval '1 month', now()
from generate_series(1, :many) n;
insert into payment.stripe_events (id, type, intent_id, amount, effect, stored_at)
select 'evt_' || n, 'payment_intent.succeeded', 'pi_' || n, 1490 + n % 9000, 'received', now() - interval '1 month'
from generate_series(1, :many) n;
insert into warehouse.pick_lists (id, order_id, number, status, confirmed, lines, weight_g, created_at)
select 'ord_' || n, 'ord_' || n, 'SF-' || n, 'shipped', true, '[]', 250, now() - interval '1 month' - n * interval '1 second'
from generate_series(1, :many) n;
insert into shipping.shipments (parcel_id, order_id, shipment_id, carrier, tracking_number, booked_at)
select 'ord_' || n, 'ord_' || n, 'shp_' || n, 'parcel', 'T' || n, now() - interval '1 month' from generate_series(1, :many) n;
insert into email.mails (message_id, order_id, template, sent_at)
select 'm' || n, 'ord_' || n, 'order_created', now() - interval '1 month' from generate_series(1, :many) n;
insert into notification.news (order_id, status, detail, at)
select 'ord_' || n, 'delivered', '', now() - interval '1 month' from generate_series(1, :many) n;
insert into analytics.sales (order_id, placed_at, currency, units, ordered, paid)
select 'ord_' || n, now() - interval '1 month' - n * interval '1 second', 'EUR', 1, 1490 + n % 9000, 1490 + n % 9000
from generate_series(1, :many) n;
