"""Scenarios: each brings one trouble upon a shop, and returns what is wrong afterwards. Nothing is the good answer.

Some scenarios also make the code wrong, to see whether what stands behind it holds. They look at the world outside
(charges, refunds, parcels, mails) as much as at the shop's own books.
"""
