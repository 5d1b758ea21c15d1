-- What costs nothing was ordered all the same.
alter table analytics.sales
    drop constraint sales_ordered_check,
    add constraint ordered_is_no_debt check (ordered >= 0);
