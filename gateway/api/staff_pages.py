"""The page that a link leads to which invites a person to work here. Its token stands behind `#`: no server gets it."""

from pathlib import Path
from typing import Final

import anyio
from litestar import MediaType, Response, get

_PAGE: Final = Path(__file__).parent.parent / "pages" / "join.html"
_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "img-src 'self' data:"
)


@get("/admin/join", include_in_schema=False)
async def join_page() -> Response[bytes]:
    """Serve the page; its script reads the address. It has a button, and changes nothing by itself."""
    content = await anyio.Path(_PAGE).read_bytes()
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    return Response(content, media_type=MediaType.HTML, headers=headers)


PUBLIC = [join_page]
