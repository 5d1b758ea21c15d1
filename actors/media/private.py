"""Steps and timers of pictures, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from bus.messages.base import Value
from bus.messages.media import ImageId, Refused, Rendition
from engine.message import Command


class RenderImage(Command[None]):
    """Make an uploaded picture fit for the web."""

    id: ImageId
    upload: str = ""  # The key of the upload; empty to make it again of its original.


class Look(Value, frozen=True, kw_only=True):
    """A picture's size, and what stands in for it."""

    width: int
    height: int
    colour: str
    placeholder: str


class RecordRendering(Command[None]):
    """Record a picture that was made, or refused."""

    id: ImageId
    reason: Refused | None = None
    look: Look | None = None
    renditions: tuple[Rendition, ...] = ()


class ImproveImage(Command[None]):
    """Make a picture smaller still, as AVIF."""

    id: ImageId


class RecordImprovement(Command[None]):
    """Record the smaller files of a picture."""

    id: ImageId
    renditions: tuple[Rendition, ...]


class ForgetImage(Command[None]):
    """Delete a picture that has been without use for its time."""

    id: ImageId


class RemoveObjects(Command[None]):
    """Delete the objects of a picture that has no row any more."""

    id: ImageId
    from_cdn: bool = False  # Also what the CDN keeps.
