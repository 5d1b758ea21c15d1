-- What a turn of one hold asks (actors/inventory/store.py), with the answer to each taken along by pgbench.
\set number random(0, 99)
\set cart random(1, 1000000000)
begin;
select on_hand, assigned, held, version from inventory.stock
where sku = any(array['SKU-' || lpad((:number)::int::text, 3, '0')]) order by sku for update \gset
select h.id from unnest(array['cart-' || (:cart)::bigint], array['SKU-' || lpad((:number)::int::text, 3, '0')])
    as ask (cart_id, sku)
cross join lateral (
    select * from inventory.holds where cart_id = ask.cart_id and sku = ask.sku and order_id is null limit 1) as h;
with books as (
    update inventory.stock s set on_hand = n.on_hand, assigned = n.assigned, held = n.held, version = n.version
    from unnest(array['SKU-' || lpad((:number)::int::text, 3, '0')], array[(:on_hand)::int], array[(:assigned)::int],
        array[(:held)::int + 1], array[(:version)::bigint + 1]) as n (sku, on_hand, assigned, held, version)
    where s.sku = n.sku
), begun as (
    insert into inventory.holds (sku, cart_id, order_id, quantity, stage, expires_at)
    select * from unnest(array['SKU-' || lpad((:number)::int::text, 3, '0')], array['cart-' || (:cart)::bigint],
        array[null::text], array[1], array['cart'], array[now() + interval '10 minutes'])
)
insert into inventory.ledger (at, sku, on_hand_change, assigned_change, held_change, reason, reference)
select now(), * from unnest(array['SKU-' || lpad((:number)::int::text, 3, '0')], array[0], array[0], array[1], array['cart'],
    array['cart-' || (:cart)::bigint]);
commit;
