"""Steps and timers of pictures, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from bus.messages.base import ProductId
from bus.messages.media import (
    Image,
    ImageId,
    Look,
    NoSuchUpload,
    Refused,
    Rendition,
    StoreImage,
    TooManyImages,
    UploadMissing,
)
from engine.message import Command


class RenderImage(Command[None]):
    """Make an uploaded picture fit for the web."""

    id: ImageId
    upload: str = ""  # The key of the upload; empty to make it again of its original.


class RecordAdoption(Command[Image | TooManyImages]):
    """Record a picture that is its own rendition."""

    id: ImageId
    ask: StoreImage
    look: Look
    rendition: Rendition
    recipe: int = 1


class RecordRendering(Command[None]):
    """Record a picture that was made, or refused."""

    id: ImageId
    reason: Refused | None = None
    look: Look | None = None
    renditions: tuple[Rendition, ...] = ()
    recipe: int = 1
    upload: str = ""  # The key of the upload, if nothing came of it.


class ImproveImage(Command[None]):
    """Make a picture smaller still, as AVIF."""

    id: ImageId


class RecordImprovement(Command[None]):
    """Record the smaller files of a picture."""

    id: ImageId
    renditions: tuple[Rendition, ...]


class RenderAgain(Command[None]):
    """Have pictures of earlier recipes made again, few at a time: sent by a start, and by each one that is done."""

    recipe: int


class RemakeImage(Command[None]):
    """Make a picture again, by this recipe. Its old files are shown until the new ones are there."""

    id: ImageId
    recipe: int


class RecordRemake(Command[None]):
    """Record the new files of a picture in place of the old ones; without any, that it stays as it is."""

    id: ImageId
    recipe: int
    look: Look | None = None
    renditions: tuple[Rendition, ...] = ()


class RemoveRenditions(Command[None]):
    """Delete files of a picture that its row has no longer."""

    id: ImageId
    keys: tuple[str, ...]


class ForgetImage(Command[None]):
    """Delete a picture that has been without use for its time."""

    id: ImageId


class RecordUpload(Command[Image | NoSuchUpload | UploadMissing | TooManyImages]):
    """Use a picture that was found in the bucket."""

    id: str  # Of the upload.
    image_id: ImageId


class ShowMissing(Command[str]):
    """Tell what products show of which that was never told, some hundred at once. Returns the last; "" if none is left.

    For shops whose pictures are older than what is told of them.
    """

    after: ProductId


class EndUpload(Command[None]):
    """Forget an upload that was not completed in time, and what was sent of it."""

    id: str


class RemoveUpload(Command[None]):
    """Delete the object of an upload that nobody uses."""

    key: str


class RemoveObjects(Command[None]):
    """Delete the objects of a picture that has no row any more."""

    id: ImageId
    from_cdn: bool = False  # Also what the CDN keeps.
