-- Of two who edit a collection at once the second is told.
alter table catalog.collections add column revision bigint not null default 1;
