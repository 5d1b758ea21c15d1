-- Who of the staff has seen to it.
alter table audit.settled add column by text not null default '';
