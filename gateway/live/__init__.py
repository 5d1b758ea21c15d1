"""The live edge: websockets and server-sent events that report changes. `Hub` is the way in."""

from gateway.live.hub import Hub
from gateway.live.messages import LiveRefusal
from gateway.live.settings import LiveSettings

__all__ = ["Hub", "LiveRefusal", "LiveSettings"]
