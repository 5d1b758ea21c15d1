"""Views: products as buyers see them, between the database and whoever shows them.

A product is written down once as a document (actors/catalog/views.py) and rendered once in each process. Three places
have it, each behind the one before:

1. This process: bytes that are ready but for the stock, by id, in an LRU of so many megabytes (cache.py).
2. Redis: the document, for other processes and for a warm start (shared.py).
3. The database: the document, by one statement for all that is missing (reader.py).

**What is older never replaces what is newer.** A document has a revision, of the counter that the catalog's changes
share. `floors.py` has the least revision of each product that this process may show. A change raises the floor of this
process before whoever made it is answered; those of others by news over pub/sub, which follow the gravestone in Redis.

**News may be lost; revisions have no gaps.** So each process asks the catalog what came after the last revision that it
knows, and shows nothing if the last answer is older than ten seconds. That is the bound, whatever else fails.

**A view has all languages of its product**; a reader's wishes choose among them when it is shown.

**Money never reads views.** Carts, quotes and checkouts ask the catalog.

Rejected: docs/decisions/0033.
"""
