"""Errors of Amazon's services, as the engine's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from engine.errors import Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

_RETRY_AFTER_S: Final = 1.0


@contextmanager
def errors_of(service: str, kinds: Mapping[str, type[Unavailable]] | None = None) -> Iterator[None]:
    """Translate the library's errors.

    The library is imported here and not above: it is a fifth of a program's start.

    Args:
        service: Its name, for people.
        kinds: Of each of the service's own codes that has an error of its own, that error.

    Raises:
        Unavailable: The service did not answer, or refused. Missing rights, queues and buckets count too: people may
            add them.
    """
    import aiohttp  # noqa: PLC0415 - see above
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415 - see above

    try:
        yield
    except ClientError as error:
        kind = (kinds or {}).get(error.response.get("Error", {}).get("Code", ""), Unavailable)
        raise kind(service, str(error), retry_after_s=_RETRY_AFTER_S) from error
    except (BotoCoreError, HTTPClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unavailable(service, str(error) or type(error).__name__, retry_after_s=_RETRY_AFTER_S) from error


async def make_bucket(client: "S3Client", name: str) -> None:
    """Make a bucket, if it does not exist. The library's errors are the caller's to translate."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - see above

    try:
        await client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ("404", "NoSuchBucket", "NotFound"):
            raise
        await client.create_bucket(Bucket=name)
