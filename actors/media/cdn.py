"""The one file that speaks to a CDN: CloudFront, to forget a picture that was taken down.

Nothing else needs it: a picture that changes has another name.
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Annotated, Final, Protocol

from engine.aws import errors_of
from engine.circuit import Circuit
from engine.errors import BadSetting
from engine.patterns import whole
from engine.settings import Settings, meaning

_CONNECT_S: Final = 2.0
_ANSWER_S: Final = 20.0


class CdnSettings(Settings, frozen=True, kw_only=True):
    """The CDN in front of the pictures."""

    cloudfront_distribution: Annotated[
        str, whole("[A-Z0-9]{0,32}"), meaning("Id of the CloudFront distribution, which forgets what is taken down.")
    ] = ""


class Cdn(Protocol):
    """A cache between the pictures and their readers."""

    async def forget(self, path: str, reference: str) -> None:
        """Forget what lies under a path; safe to repeat with the same reference.

        Raises:
            Unavailable: It does not answer; retry.
        """
        ...


class NoCdn:
    """For a shop without one."""

    async def forget(self, path: str, reference: str) -> None:
        """Forget nothing, since nothing is kept."""


class _Client(Protocol):
    def create_invalidation(self, *, DistributionId: str, InvalidationBatch: object) -> Awaitable[object]:  # noqa: N803
        """Ask CloudFront to forget. Source: CloudFront API reference, "CreateInvalidation"."""
        ...


class CloudFront:
    """A distribution of Amazon CloudFront."""

    def __init__(self, client: _Client, distribution: str, circuit: Circuit) -> None:
        self._client = client
        self._distribution = distribution
        self._circuit = circuit

    async def forget(self, path: str, reference: str) -> None:
        await self._circuit.call(lambda: self._invalidate(path, reference))

    async def _invalidate(self, path: str, reference: str) -> None:
        batch = {"Paths": {"Quantity": 1, "Items": [path]}, "CallerReference": reference}
        with errors_of("CloudFront"):
            await self._client.create_invalidation(DistributionId=self._distribution, InvalidationBatch=batch)


@asynccontextmanager
async def open_cdn(settings: CdnSettings, circuit: Circuit, *, endpoint_url: str) -> AsyncIterator[Cdn]:
    """Connect to the CDN, if one is named; with the usual chain of credentials.

    Raises:
        BadSetting: One line that says what is missing.
    """
    if not settings.cloudfront_distribution:
        yield NoCdn()
        return
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - a fifth of a program's start
    from aiobotocore.session import get_session  # noqa: PLC0415 - likewise
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - likewise

    # CloudFront is one for the world; its requests are signed for this region. Source: AWS, "CloudFront endpoints".
    connecting = get_session().create_client(
        "cloudfront",
        region_name="us-east-1",
        endpoint_url=endpoint_url or None,
        config=AioConfig(
            connect_timeout=_CONNECT_S,
            read_timeout=_ANSWER_S,
            retries={"total_max_attempts": 1},  # Callers retry, with a bound and pauses of their own.
            user_agent="ShopFlow",
        ),
    )
    try:
        client: _Client = await connecting.__aenter__()
    except (BotoCoreError, ValueError) as error:
        raise BadSetting(f"CLOUDFRONT_DISTRIBUTION: no way to CloudFront: {error}") from error
    try:
        yield CloudFront(client, settings.cloudfront_distribution, circuit)
    finally:
        await connecting.__aexit__(None, None, None)
