"""The trace context of a message, passed on to the messages it leads to.

It comes from the caller of the shop (a load balancer, another service). It is passed on with every ask, with the events
that a turn of a single message publishes, and over queues, so that the caller's tracing finds our logs. No trace begins
here.
Source: W3C Trace Context, 3.2, "Traceparent Header".
"""

import re
from contextvars import ContextVar

TRACE: ContextVar[str] = ContextVar("trace", default="")  # A `traceparent`, or "" outside any trace.

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def valid(traceparent: str) -> str:
    """Return a `traceparent` as it is, or "" if it is malformed: a broken one is as good as missing."""
    return traceparent if _TRACEPARENT.fullmatch(traceparent) else ""
