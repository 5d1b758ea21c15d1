-- Addresses of a former shop, and where they lead: asked only for what nobody here serves.
create table catalog.redirects (
    path text collate "C" primary key check (path ~ '^/'), -- With its query, if it has one.
    target text not null,
    code smallint not null check (code in (301, 302, 410)),
    made_at timestamptz not null,
    check ((code = 410) = (target = '')),
    check (target = '' or target ~ '^(/([^/\\]|$)|https?://)')
);
