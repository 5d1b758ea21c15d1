-- What carriers write may name people ("left with Mrs Jones"): it is sealed under the key of the order. Reports of before
-- are sealed while the shop works.
alter table shipping.tracking add column sealed bytea;
alter table shipping.shipments add column sealed bytea;
create index tracking_in_clear on shipping.tracking (event_id) where detail <> '';
create index shipments_in_clear on shipping.shipments (parcel_id) where detail <> '';
