"""Answers of services outside: from the address that was asked, and bounded.

A redirect would send a buyer's address, and our key, to wherever an answer names. And a service that went wrong, or
whoever answers in its place, may send without end.
"""

from typing import Final

import aiohttp

LONGEST_ANSWER: Final = 16 << 20  # Bytes. A page of a hundred of Stripe's objects has a tenth of it.


class Unwelcome(aiohttp.ClientError):
    """An answer that is not taken. Its text is for the log."""


async def refuse_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Follow no redirect: a middleware for `aiohttp.ClientSession`.

    Raises:
        Unwelcome: The service answers with another address.
    """
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise Unwelcome(f"HTTP {response.status}: it answers with another address, which is not followed")
    return response


async def read_bounded(content: aiohttp.StreamReader, limit: int = LONGEST_ANSWER) -> bytes:
    """Read an answer to its end, in the time that its request has.

    Raises:
        Unwelcome: It is longer than `limit` bytes.
        aiohttp.ClientError: The connection was lost.
    """
    read = bytearray()
    async for part in content.iter_any():
        read += part
        if len(read) > limit:
            raise Unwelcome(f"its answer is longer than {limit} bytes")
    return bytes(read)
