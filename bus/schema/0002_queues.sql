-- When a queue outside took it on its way to a subscriber in another process. Null: only this row knows of it.
alter table bus.deliveries add column forwarded_at timestamptz;
-- The `traceparent` of the work it belongs to, or ''.
alter table bus.deliveries add column trace text not null default '';
alter table bus.dead_letters add column trace text not null default '';

-- Whether something of the same key comes first: in one process its mailbox knows, among several only this.
create index deliveries_lanes on bus.deliveries (subscriber, key, id) where due is null;
