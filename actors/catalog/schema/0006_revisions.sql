-- Each change of a product has a number: of all products together, without gaps, in the order of commits. So whatever
-- is derived from the catalog reads on after the last number it knows.
create table catalog.counter (
    is_one boolean primary key default true check (is_one), -- One row: a turn locks it before anything else.
    revision bigint not null check (revision >= 0)
);
alter table catalog.products add column revision bigint not null default 0;
update catalog.products p set revision = n.place
from (select id, row_number() over (order by added) as place from catalog.products) n where n.id = p.id;
alter table catalog.products alter column revision drop default;
alter table catalog.products add constraint one_revision unique (revision) deferrable initially deferred;
alter table catalog.removed_products add column revision bigint unique; -- Null: removed before there were any.
insert into catalog.counter (revision) select coalesce(max(revision), 0) from catalog.products;
