"""Keys derived from the shop's master key: for order tokens, links in mails, and the encryption of kept answers.

An order's access token is a keyed hash of its id, so no token is stored that could be stolen, and a replayed answer
contains the same token. Rejected: docs/decisions/0013.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.roots import Roots

LINK_MARK = "ol_"  # Begins the token of a mail's link, so that only such tokens are looked up.
WATCH_MARK = "ow_"  # Begins a token that opens the news of an order, and nothing else.
_NONCE_BYTES = 12  # As AES-GCM takes it. Source: NIST SP 800-38D, 8.2.


class _KeysOfOne(NamedTuple):
    """Keys under one root."""

    tokens: bytes
    links: bytes
    answers: AESGCM


class Keys:
    """Keys of one shop. What was given out before the master key was changed is still known."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._derived: Sequence[_KeysOfOne] = ()  # The newest first.

    def order_token(self, order_id: str) -> str:
        """Return the token that opens this order."""
        return _order_token(self._all()[0], order_id)

    def opens(self, token: str, order_id: str) -> bool:
        """Whether a token is this order's; compares in constant time."""
        return any(
            [hmac.compare_digest(token.encode(), _order_token(keys, order_id).encode()) for keys in self._all()]  # noqa: C419 - each is compared
        )

    def link_token(self, mail_id: str) -> str:
        """Return the token of a mail's link. Which order it opens, and how long, the mail's record says."""
        mac = hmac.digest(self._all()[0].links, mail_id.encode(), hashlib.sha256)
        return LINK_MARK + base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def watch_token(self, token: str, order_id: str) -> str:
        """Seal a token that opens an order so that it opens no more than the order's news: for scripts of its page."""
        sealed = self.encrypt(token.encode(), f"watch {order_id}")
        return WATCH_MARK + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def watched_by(self, token: str, order_id: str) -> str:
        """Return the token that a watching one was made of; "" if it was altered, or is of another order."""
        text = token.removeprefix(WATCH_MARK)
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return ""
        return (self.decrypt(sealed, f"watch {order_id}") or b"").decode()

    def encrypt(self, content: bytes, about: str) -> bytes:
        """Encrypt content to be kept; reading it takes the same `about`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._all()[0].answers.encrypt(nonce, content, about.encode())

    def decrypt(self, kept: bytes, about: str) -> bytes | None:
        """Decrypt kept content; None if it was altered, or is of a master key that this shop never had."""
        for keys in self._all():
            with suppress(InvalidTag):
                return keys.answers.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], about.encode())
        return None

    def _all(self) -> Sequence[_KeysOfOne]:
        if len(self._derived) != self._roots.newest:
            self._derived = [
                _KeysOfOne(
                    _derive(root, "order tokens"), _derive(root, "mail links"), AESGCM(_derive(root, "kept answers"))
                )
                for root in self._roots.newest_first()
            ]
        return self._derived


def _order_token(keys: _KeysOfOne, order_id: str) -> str:
    mac = hmac.digest(keys.tokens, order_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def _derive(master_key: bytes, purpose: str) -> bytes:
    return hmac.digest(master_key, f"shopflow {purpose}".encode(), hashlib.sha256)
