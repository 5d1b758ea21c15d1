"""The API's description: for programs, and as a page for people, which loads nothing from anywhere else."""

from pathlib import Path

import anyio
import msgspec
from litestar import MediaType, Response, get

from gateway import openapi
from gateway.context import Http

_PAGE = Path(__file__).parent.parent / "pages" / "docs.html"


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def description(request: Http) -> Response[bytes]:
    """Describe the API as OpenAPI 3.1."""
    content: bytes | None = request.app.state.get("openapi")
    if content is None:  # Made once: it is the same for all requests, and takes long.
        content = request.app.state["openapi"] = msgspec.json.encode(openapi.describe(request.app))
    return Response(content, media_type="application/json")


@get("/docs", include_in_schema=False)
async def page() -> Response[bytes]:
    """Show the API's description as a page for people."""
    headers = {"Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"}
    return Response(await anyio.Path(_PAGE).read_bytes(), media_type=MediaType.HTML, headers=headers)


PUBLIC = [description, page]
