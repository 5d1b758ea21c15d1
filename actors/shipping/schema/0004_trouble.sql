-- Carriers' words are an open list. What a carrier reported last is kept with its parcel, so that those in trouble are
-- found without reading years of reports.
alter table shipping.tracking
    drop constraint tracking_status_check,
    add constraint tracking_status check (char_length(status) between 1 and 100);
alter table shipping.shipments
    add column reported_at timestamptz,     -- By the carrier's clock, but never later than ours.
    add column status text not null default '',
    add column detail text not null default '',
    add column trouble_since timestamptz;   -- The arrival of the first report of trouble since all was well.
update shipping.shipments s
set reported_at = latest.at, status = latest.status, detail = latest.detail,
    trouble_since = case when latest.status = 'exception' then latest.stored_at end
from (select distinct on (tracking_number) * from shipping.tracking
    order by tracking_number, at desc, stored_at desc) latest
where latest.tracking_number = s.tracking_number;
create index shipments_in_trouble on shipping.shipments (trouble_since, parcel_id) where trouble_since is not null;
