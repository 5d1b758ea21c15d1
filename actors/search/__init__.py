"""Finding products: a copy of the catalogue's words in an index of its own, beside the database that is the truth."""
