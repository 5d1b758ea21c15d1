-- Titles are found without their accents, and by the parts of what stands in one (AC/DC), while there is no index to
-- search: actors/catalog/browsing.py asks for these words exactly so.
create index products_by_plain_title on catalog.products using gin (to_tsvector('simple', regexp_replace(
    normalize(translate(title, 'łŁøØđĐħĦı/._''’-', 'lLoOdDhHi      '), nfkd), '[\u0300-\u036f]', '', 'g')));
