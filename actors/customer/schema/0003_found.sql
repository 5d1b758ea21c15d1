-- Staff find accounts by tokens of address, name and phone (engine/blind_index.py). Accounts of before get theirs while
-- the shop works; until then theirs are null.
alter table customer.customers add column tokens bigint[];
create index customers_by_token on customer.customers using gin (tokens);
create index customers_without_tokens on customer.customers (id) where tokens is null and state <> 'erased';
