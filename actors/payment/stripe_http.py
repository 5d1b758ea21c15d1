"""HTTP for Stripe's library, which would follow redirects by itself, and read answers without end."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import aiohttp
import stripe

from engine.outside import read_bounded, refuse_redirects


class StripeHttp(stripe.HTTPClient):
    """A client of HTTP, as Stripe's library takes one."""

    name = "aiohttp"

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__()
        self._session = session

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | bytes | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            async with self._session.request(method, url, headers=headers, data=post_data) as answer:
                return await read_bounded(answer.content), answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise stripe.APIConnectionError(why) from error  # type: ignore[no-untyped-call] # not typed by the library


@cache
def _tls() -> ssl.SSLContext:
    """Trust the authorities that Stripe's library trusts. Reading them takes a while, and is done once."""
    return ssl.create_default_context(cafile=stripe.ca_bundle_path)


@asynccontextmanager
async def open_http(timeout_s: float) -> AsyncIterator[StripeHttp]:
    """Open connections, with this deadline for each request; close them when the block ends."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=_tls()),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        middlewares=(refuse_redirects,),
    ) as session:
        yield StripeHttp(session)
