"""Imports: a file is previewed line by line, run, watched and undone; and the goods as a file."""

from typing import Final
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath

from gateway.api.imports import ImportDetail, ImportList
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import own_forms_only, see
from gateway.pages.inside import Refused, ask, pass_on
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked

API: Final = "/admin/api/imports"
_MOST_BYTES: Final = (1 << 30) + (1 << 16)  # The API has its own bounds for the sheet and the pictures.


@get("/admin/imports", include_in_schema=False)
async def imports(request: Http) -> Response[bytes]:
    """Ask for a file, and list the imports there were."""
    return await _list(request)


async def _list(request: Http, *, status: int = 200, problem: str = "") -> Response[bytes]:
    listed = (await ask(request, "GET", API, query="limit=50")).read(ImportList)
    return await screen(request, "imports.html", status=status, problem=problem, listed=listed)


@post("/admin/imports", include_in_schema=False, guards=[own_forms_only], request_max_body_size=_MOST_BYTES)
async def send(request: Http) -> Response[bytes]:
    """Take a file: as a trial, unless its button says otherwise. It goes on to the API as it comes."""
    try:
        begun = (await pass_on(request, "POST", API)).read(ImportDetail)
    except Refused as refused:
        if refused.is_denied:
            raise
        return await _list(request, status=refused.status, problem=sentence_of(language_asked(request), refused))
    return see(f"/admin/imports/{quote(begun.id)}")


@get("/admin/imports/{import_id:str}", include_in_schema=False)
async def one_import(request: Http, import_id: FromPath[str]) -> Response[bytes]:
    """Show what an import changes, or has changed, and what was refused."""
    found = (await ask(request, "GET", f"{API}/{quote(import_id, safe='')}")).read(ImportDetail)
    busy = found.state in ("waiting", "running", "undoing")
    return await screen(request, "import.html", found=found, busy=busy)


@post("/admin/imports/{import_id:str}/undo", include_in_schema=False, guards=[own_forms_only])
async def undo(request: Http, import_id: FromPath[str]) -> Response[bytes]:
    """Set back what an import has changed."""
    await ask(request, "POST", f"{API}/{quote(import_id, safe='')}/undo")
    return see(f"/admin/imports/{quote(import_id, safe='')}")


PART = PortalPart(
    screens=[Screen(path="/admin/imports", title="Import", group="goods", key="read_products")],
    routes=[imports, send, one_import, undo],
)
