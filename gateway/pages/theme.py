"""The owner's colour as a stylesheet: for paper by day, and lighter by night, so that it can be read on both."""

from typing import Annotated, Final

from litestar import Response, get
from litestar.params import QueryParameter

from bus.messages.colours import contrast, is_colour, mixed, readable
from gateway.problems import not_found

_WHITE: Final = "#ffffff"
_NIGHT: Final = "#222b27"  # The lightest ground of the dark pages.
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


@get("/theme.css", include_in_schema=False, sync_to_thread=False)
def theme(accent: Annotated[str, QueryParameter(max_length=7)] = "") -> Response[bytes]:
    """Serve the stylesheet of a colour: its address has the colour, so it may be kept for ever."""
    if not is_colour(accent):
        raise not_found("theme")
    headers = {"Cache-Control": _IMMUTABLE}
    return Response(stylesheet(accent).encode(), media_type="text/css; charset=utf-8", headers=headers)


def stylesheet(accent: str) -> str:
    """Write the tokens of a colour (`#rrggbb`) over those of style.css."""
    bright = readable(accent, _NIGHT, _WHITE)
    day = _tokens(accent, _WHITE, mixed(accent, _WHITE, 0.86))
    night = _tokens(bright, _letters_on(bright), mixed(_NIGHT, accent, 0.3))
    return f":root {{ {day} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {night} }} }}\n"


def _tokens(accent: str, ink: str, wash: str) -> str:
    return f"--accent: {accent}; --accent-ink: {ink}; --accent-wash: {wash};"


def _letters_on(colour: str) -> str:
    """Return black or white, whichever is read better."""
    return max("#000000", _WHITE, key=lambda each: contrast(each, colour))
