-- Of two who edit a definition or a type at once the second is told.
alter table catalog.attributes add column revision bigint not null default 1;
alter table catalog.types add column revision bigint not null default 1;
