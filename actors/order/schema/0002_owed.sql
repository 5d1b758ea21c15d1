-- Orders whose money is to go back and is not there yet: few, and looked for whenever somebody asks what is stuck.
create index orders_owed on orders.orders (id) where refund_requested and refunded < total;
