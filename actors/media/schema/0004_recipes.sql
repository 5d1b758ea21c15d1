-- Pictures are made again when their recipe changes. The files of recipe 1 lie in i/<id>/, those of others a folder below.
alter table media.files
    add column recipe integer not null default 1 check (recipe > 0), -- By which its files were made, or not for the better.
    add column again_for integer not null default 0; -- The last recipe for which it was told to be made again.
create index files_by_recipe on media.files (recipe, id) where state = 'ready';
create index files_under_way on media.files (again_for) where again_for > recipe;

alter table media.renditions
    drop constraint renditions_key_check,
    add constraint renditions_key_check check (key ~ '\Ai/[0-9a-f]{32}/([0-9]{1,4}/)?[0-9]{1,5}\.(webp|avif|jpg)\Z');
