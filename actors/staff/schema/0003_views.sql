-- The views of lists that people have saved for themselves. What they look for may name a person: a sealed box.
create table staff.views (
    user_id text primary key references staff.users,
    views bytea not null
);
