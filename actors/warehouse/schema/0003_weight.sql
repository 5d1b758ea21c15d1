-- A hundred lines of 99 units weigh more than an integer can say.
alter table warehouse.pick_lists alter column weight_g type bigint;
