"""Objects in a bucket of S3, or of a store that speaks its protocol.

The library is imported where it is used: it is a fifth of a program's start, and a shop with a folder needs none.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio

from engine.aws import errors_of, make_bucket
from engine.errors import BadSetting, Unavailable
from engine.objects import DirectUpload

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

_CONNECT_S: Final = 2.0
_ANSWER_S: Final = 20.0
_CONNECTIONS: Final = 16
_AT_ONCE: Final = 1000  # Keys in one request. Source: Amazon S3 API, "DeleteObjects".
_PIECE: Final = 1 << 18  # Bytes of a body in memory.
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_LONGEST_OWNER: Final = 100  # Bytes.


class _NoObject(Unavailable):
    """No object has this key."""


class _ObjectExists(Unavailable):
    """Another object has this key, or is just getting it."""


_ERRORS: Final[dict[str, type[Unavailable]]] = {
    **dict.fromkeys(("NoSuchKey", "404", "NotFound"), _NoObject),
    **dict.fromkeys(("PreconditionFailed", "ConditionalRequestConflict"), _ObjectExists),
}
_errors = partial(errors_of, "S3", _ERRORS)


class S3Objects:
    """Keeps objects in one bucket. All is private there: what a CDN may read, its policy says."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    async def make_bucket(self) -> None:
        """Make the bucket, if it does not exist."""
        with _errors():
            await make_bucket(self._client, self._bucket)

    async def put(self, key: str, file: Path, content_type: str, *, is_immutable: bool = False) -> None:
        headers = {"CacheControl": _IMMUTABLE, "ContentDisposition": "inline"} if is_immutable else {}
        with _errors(), file.open("rb") as body:
            await self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                **headers,  # type: ignore[arg-type] # as named
            )

    async def fetch(self, key: str, file: Path) -> bool:
        try:
            with _errors():
                found = await self._client.get_object(Bucket=self._bucket, Key=key)
                async with await anyio.open_file(file, "wb") as written:
                    async for piece in found["Body"].iter_chunks(_PIECE):
                        await written.write(piece)
        except _NoObject:
            return False
        return True

    async def read(self, key: str, limit: int) -> bytes | None:
        try:
            with _errors():
                found = await self._client.get_object(Bucket=self._bucket, Key=key)
                if found["ContentLength"] > limit:
                    found["Body"].close()
                    return None
                content: bytes = await found["Body"].read()
                return content
        except _NoObject:
            return None

    async def size(self, key: str) -> int | None:
        try:
            with _errors():
                return (await self._client.head_object(Bucket=self._bucket, Key=key))["ContentLength"]
        except _NoObject:
            return None

    async def remove(self, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), _AT_ONCE):
            with _errors():
                answer = await self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": key} for key in keys[first : first + _AT_ONCE]], "Quiet": True},
                )
            if failed := answer.get("Errors"):
                raise Unavailable("S3", f"{len(failed)} objects could not be deleted: {failed[0].get('Code')}")

    async def claim(self, key: str, owner: str) -> str:
        """Put a name unless one is there. Source: Amazon S3 User Guide, "Conditional writes"."""
        known = await self.read(key, _LONGEST_OWNER)
        if known is None:
            with suppress(_ObjectExists), _errors():
                await self._client.put_object(Bucket=self._bucket, Key=key, Body=owner.encode(), IfNoneMatch="*")
            known = await self.read(key, _LONGEST_OWNER)  # Of whoever was first, also in a store without conditions.
        if known is None:
            raise Unavailable("S3", f"{key} is being written by another, or is no owner's name", retry_after_s=1.0)
        return known.decode("ascii", "replace")

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        with _errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            async for page in pages:
                for found in page.get("Contents", []):
                    yield found["Key"]

    async def direct_upload(self, key: str, size: int, sha256: str, expires_s: int) -> DirectUpload | None:
        """Sign a PUT. Size and checksum are headers of the signature: S3 refuses any other content."""
        with _errors():
            url = await self._client.generate_presigned_url(
                "put_object",
                Params={"Bucket": self._bucket, "Key": key, "ContentLength": size, "ChecksumSHA256": sha256},
                ExpiresIn=expires_s,
            )
        return DirectUpload(url, {"Content-Length": str(size), "x-amz-checksum-sha256": sha256})


@asynccontextmanager
async def open_s3(bucket: str, *, region: str, endpoint_url: str) -> AsyncIterator[S3Objects]:
    """Connect, with the usual chain of credentials.

    Args:
        bucket: It must exist.
        region: Of the bucket; empty for the one that AWS's own variables name.
        endpoint_url: Empty for Amazon's.

    Raises:
        BadSetting: One line that says what is missing.
    """
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - see above
    from aiobotocore.session import get_session  # noqa: PLC0415 - see above
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see above

    connecting = get_session().create_client(
        "s3",
        region_name=region or None,
        endpoint_url=endpoint_url or None,
        config=AioConfig(
            signature_version="s3v4",  # The older way can't sign a size and a checksum.
            connect_timeout=_CONNECT_S,
            read_timeout=_ANSWER_S,
            max_pool_connections=_CONNECTIONS,
            retries={"total_max_attempts": 1},  # Callers retry, with a bound and pauses of their own.
            user_agent="ShopFlow",
        ),
    )
    try:
        client = await connecting.__aenter__()
    except (BotoCoreError, ValueError) as error:
        raise BadSetting(f"S3_BUCKET: no way to S3: {error}") from error
    try:
        yield S3Objects(client, bucket)
    finally:
        await connecting.__aexit__(None, None, None)
