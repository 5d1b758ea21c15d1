-- SKUs that run out are listed among a million that do not. A generated column, so that a row whose units come and go
-- above the threshold is still updated in place: only what crosses it changes an index.
alter table inventory.stock add column short smallint generated always as (
    case when on_hand - assigned - held <= 0 then 0 when on_hand - assigned - held <= 5 then 1 end
) stored;
create index stock_short on inventory.stock (sku) where short is not null;
create index stock_none on inventory.stock (sku) where short = 0;
