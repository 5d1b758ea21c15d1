"""Keys derived from the shop's master key: for order tokens, links in mails, and the encryption of kept answers.

An order's access token is a keyed hash of its id, so no token is stored that could be stolen, and a replayed answer
contains the same token. Rejected: docs/decisions/0013.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import BadSetting
from engine.files import sync_names

LINK_MARK = "ol_"  # Begins the token of a mail's link, so that only such tokens are looked up.
_NONCE_BYTES = 12  # As AES-GCM takes it. Source: NIST SP 800-38D, 8.2.


class Keys:
    """Keys of one shop."""

    def __init__(self, master_key: bytes) -> None:
        self._tokens = _derive(master_key, "order tokens")
        self._links = _derive(master_key, "mail links")
        self._answers = AESGCM(_derive(master_key, "kept answers"))

    def order_token(self, order_id: str) -> str:
        """Return the token that opens this order."""
        mac = hmac.digest(self._tokens, order_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def opens(self, token: str, order_id: str) -> bool:
        """Whether a token is this order's; compares in constant time."""
        return hmac.compare_digest(token.encode(), self.order_token(order_id).encode())

    def link_token(self, mail_id: str) -> str:
        """Return the token of a mail's link. Which order it opens, and how long, the mail's record says."""
        mac = hmac.digest(self._links, mail_id.encode(), hashlib.sha256)
        return LINK_MARK + base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def encrypt(self, content: bytes, about: str) -> bytes:
        """Encrypt content to be kept; reading it takes the same `about`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._answers.encrypt(nonce, content, about.encode())

    def decrypt(self, kept: bytes, about: str) -> bytes | None:
        """Decrypt kept content; None if it was encrypted under another master key, or altered."""
        try:
            return self._answers.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], about.encode())
        except InvalidTag:
            return None


def read_master_key(setting: str, data: Path) -> bytes:
    """Read the key from its setting or, if that is empty, from the file beside the data, made at the first start.

    Raises:
        BadSetting: The key is not 32 bytes in base64, or the file can't be used.
    """
    if not setting:
        return _key_beside(data / "master.key")
    try:
        key = base64.b64decode(setting, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise BadSetting("SHOPFLOW_MASTER_KEY: must be 32 bytes in base64, as `openssl rand -base64 32` prints")
    return key


def _key_beside(file: Path) -> bytes:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make_key(file)
        sync_names(file.parent)  # Before anything is encrypted under it. The process that made it may have been killed.
    except OSError as error:
        raise BadSetting(f"SHOPFLOW_DATA: can't write to {file.parent}: {error.strerror}") from error
    key = file.read_bytes()
    if len(key) != 32:
        raise BadSetting(f"SHOPFLOW_DATA: {file} is not the 32 bytes it was; restore it, or set SHOPFLOW_MASTER_KEY")
    return key


def _make_key(file: Path) -> None:
    draft = file.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("wb") as new:
        new.write(secrets.token_bytes(32))
        new.flush()
        os.fsync(new.fileno())  # Before it is used: tokens under a key that a power failure emptied could be forged.
    with suppress(FileExistsError):  # Another process was faster: its key is used.
        os.link(draft, file)
    draft.unlink()


def _derive(master_key: bytes, purpose: str) -> bytes:
    return hmac.digest(master_key, f"shopflow {purpose}".encode(), hashlib.sha256)
