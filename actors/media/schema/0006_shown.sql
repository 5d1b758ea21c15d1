-- How often it was told what a product shows. Its row is locked before the pictures are read: so who is told by a higher
-- version is told what is newer.
create table media.shown (product_id text primary key, version bigint not null);
