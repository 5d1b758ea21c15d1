-- The import that made a change, so that all of its changes can be found, and set back.
alter table catalog.history add column import_id text;
create index history_by_import on catalog.history (import_id, revision) where import_id is not null;
