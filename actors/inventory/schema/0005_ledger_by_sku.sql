-- What became of a SKU's units is read by people, the last line first; and an import's counts are set back.
create index ledger_by_sku on inventory.ledger (sku, id);
create index ledger_of_imports on inventory.ledger (reference, sku) where reason = 'imported';
-- A list of SKUs is searched by how they begin. Rows of stock are updated in place all day: this never changes.
create index stock_by_name on inventory.stock (lower(sku) text_pattern_ops, sku);
