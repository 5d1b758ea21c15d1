-- Staff list accounts, the newest first.
create index customers_by_time on customer.customers (created_at, id) where state <> 'erased';
