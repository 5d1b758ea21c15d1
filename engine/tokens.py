"""Tokens: who shows one is let in. Only their hash is kept, and sent, so whoever reads what is kept opens nothing.

A token is random and long, so a plain hash is enough. Addresses and codes are neither: they are hashed under a key
(engine/blind_index.py), or slowly (engine/passwords.py).
"""

import hashlib


def hash_of_token(token: str) -> bytes:
    """Return what is kept of a token, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()
