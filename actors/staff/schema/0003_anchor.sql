-- Where the chain begins that is kept: the first act's id, and the link before it. Older acts go by whole days.
alter table staff.head
    add column first_id bigint not null default 1,
    add column first_link bytea not null default sha256('shopflow staff actions');
