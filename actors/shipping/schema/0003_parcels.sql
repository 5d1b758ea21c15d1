-- An order may have several parcels. The first keeps its order's id.
alter table shipping.shipments add column parcel_id text;
update shipping.shipments set parcel_id = order_id;
alter table shipping.shipments drop constraint shipments_pkey;
alter table shipping.shipments alter column parcel_id set not null, add primary key (parcel_id);
create index shipments_by_order on shipping.shipments (order_id);
