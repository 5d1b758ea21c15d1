-- The words that compounds are made of: with `water` and `proof`, a waterproof jacket is found as proof against water.
create table search.compounds (
    word text primary key check (char_length(word) between 2 and 64) -- Folded.
);
