"""Which larger piece of work a message belongs to: a trace context, handed on from message to message.

It comes from whoever calls the shop (a load balancer, another service) and goes on with every ask, with what a turn
of a single message publishes, and over queues, so that their tracing finds our logs. Nobody's trace is begun here.
Source: W3C Trace Context, 3.2, "Traceparent Header".
"""

import re
from contextvars import ContextVar

TRACE: ContextVar[str] = ContextVar("trace", default="")  # A `traceparent`, or "" outside any trace.

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def valid(traceparent: str) -> str:
    """The same, or "" if it is none: a broken one is as good as missing."""
    return traceparent if _TRACEPARENT.fullmatch(traceparent) else ""
