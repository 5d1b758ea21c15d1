"""Values in Redis that a newer one replaces and an older one never does, in whatever order writers come.

A value begins with its version, and a script compares versions inside Redis. A value that is only a version is a
gravestone: older values stay out, and the one of this very version replaces it.
"""

from collections.abc import Awaitable, Sequence
from typing import Final, NamedTuple, cast

from redis.asyncio import Redis

# KEYS: of the values. ARGV: seconds to keep them, then version and content of each. What is none of ours is replaced.
_KEEP_NEWER: Final = """
for i, key in ipairs(KEYS) do
    local known = redis.pcall('get', key)
    local digits = type(known) == 'string' and string.match(known, '^(%d+) ')
    local version, kept = tonumber(ARGV[2 * i]), digits and tonumber(digits)
    if not kept or kept < version or (kept == version and #known == #digits + 1) then
        redis.call('set', key, ARGV[2 * i] .. ' ' .. ARGV[2 * i + 1], 'ex', ARGV[1])
    end
end
"""


class Versioned(NamedTuple):
    """A value to keep."""

    key: str
    version: int
    content: bytes  # Empty: a gravestone.


async def keep_newer(client: Redis, values: Sequence[Versioned], keep_s: int) -> None:
    """Keep those of these values that are newer than what is kept; through a client, which may be a pipeline."""
    if values:
        keys = [value.key for value in values]
        words = [word for value in values for word in (str(value.version), value.content)]
        # With the text each time: for a registered script the driver first asks whether Redis still has it.
        written = client.eval(_KEEP_NEWER, len(keys), *keys, str(keep_s), *words)
        await cast("Awaitable[object]", written)


def read_versioned(value: object) -> tuple[int, bytes] | None:
    """Read a version and its content; None if it is neither."""
    if not isinstance(value, bytes):
        return None
    version, space, content = value.partition(b" ")
    return (int(version), content) if space and version.isdigit() else None
