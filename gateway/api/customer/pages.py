"""The pages that links of mails about accounts lead to. Their tokens stand behind `#`, which no server gets."""

from pathlib import Path
from typing import Final

import anyio
from litestar import MediaType, Response, get

_PAGE: Final = Path(__file__).parent.parent.parent / "pages" / "account.html"
_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "img-src 'self' data:"
)


@get(["/account/reset", "/account/undo"], include_in_schema=False)
async def account_page() -> Response[bytes]:
    """Serve the page; its script reads the address. It has a button, and does nothing by itself."""
    content = await anyio.Path(_PAGE).read_bytes()
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    return Response(content, media_type=MediaType.HTML, headers=headers)


PUBLIC = [account_page]
