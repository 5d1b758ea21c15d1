"""Acts: who has done what, the newest first."""

from typing import Final
from urllib.parse import urlencode

from litestar import Response, get

from gateway.api.staff import Actions, StaffList
from gateway.context import Http
from gateway.pages.admin.deeds import deed
from gateway.pages.admin.screens import PortalPart, Screen, me_of, names_of, screen
from gateway.pages.inside import ask

PATH: Final = "/admin/acts"
_LIMIT: Final = 100
_LONGEST: Final = 100


@get(PATH, include_in_schema=False)
async def acts(request: Http) -> Response[bytes]:
    """List acts, of one person, or about one thing, if the address says so."""
    await me_of(request)
    given = {name: str(request.query_params.get(name, "")).strip()[:_LONGEST] for name in ("by", "about", "cursor")}
    query = urlencode({name: value for name, value in {**given, "limit": str(_LIMIT)}.items() if value})
    listed = (await ask(request, "GET", "/admin/api/actions", query=query)).read(Actions)
    people = (await ask(request, "GET", "/admin/api/staff")).read(StaffList)
    return await screen(request, "acts.html", listed=listed, given=given, names=names_of(people), deed=deed)


PART: Final = PortalPart(
    screens=[Screen(path=PATH, title="Who did what", group="people", key="read_staff", letter="w")], routes=[acts]
)
