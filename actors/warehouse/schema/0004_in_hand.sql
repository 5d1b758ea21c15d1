-- Who has a list in hand, or had it last, and since when: two pickers never walk for the same goods.
alter table warehouse.pick_lists add column picker text not null default '', add column picker_since timestamptz;
create index pick_lists_in_hand on warehouse.pick_lists (picker, created_at, id)
    where picker <> '' and status in ('open', 'picked', 'packed');
