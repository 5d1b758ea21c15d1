create index products_by_category_and_price on catalog.products (category, lowest_price, id) where removed_at is null;
create index products_by_category_and_added on catalog.products (category, added desc, id desc) where removed_at is null;
