"""AWS KMS, which guards a shop's root key: one call at a start, and none for each record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from engine.aws import errors_of

_CONNECT_S: Final = 2.0
_ANSWER_S: Final = 5.0


class Kms:
    """A key of the key service. What it encrypts it decrypts in the same context only."""

    def __init__(self, client: Any, key: str) -> None:  # noqa: ANN401 - the library has no types for it here
        self._client = client
        self._key = key

    async def encrypt(self, secret: bytes, context: str) -> bytes:
        """Encrypt a key of ours.

        Raises:
            Unavailable: The service does not answer, or refuses.
        """
        with errors_of("AWS KMS"):
            answer = await self._client.encrypt(
                KeyId=self._key, Plaintext=secret, EncryptionContext={"shopflow-root": context}
            )
        encrypted: bytes = answer["CiphertextBlob"]
        return encrypted

    async def decrypt(self, encrypted: bytes, context: str) -> bytes:
        """Decrypt a key of ours. Raises as `encrypt`."""
        with errors_of("AWS KMS"):
            answer = await self._client.decrypt(
                KeyId=self._key, CiphertextBlob=encrypted, EncryptionContext={"shopflow-root": context}
            )
        secret: bytes = answer["Plaintext"]
        return secret


@asynccontextmanager
async def open_kms(key: str, *, region: str, endpoint_url: str) -> AsyncIterator[Kms | None]:
    """Open a client, if a key is named; close it when the block ends.

    The library is imported here and not above: it is a fifth of a program's start.
    """
    if not key:
        yield None
        return
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - see above
    from aiobotocore.session import get_session  # noqa: PLC0415 - see above

    config = AioConfig(connect_timeout=_CONNECT_S, read_timeout=_ANSWER_S, retries={"total_max_attempts": 3})
    session = get_session()
    async with session.create_client(
        "kms", region_name=region or None, endpoint_url=endpoint_url or None, config=config
    ) as client:
        yield Kms(client, key)
