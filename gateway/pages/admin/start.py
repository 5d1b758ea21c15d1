"""The first start: five steps until the shop can sell. What is missing is computed, and nobody ticks it off."""

from typing import Final
from urllib.parse import quote

from litestar import Response, get, post

from gateway.context import Http
from gateway.pages.admin.first_steps import first_steps, read_sample
from gateway.pages.admin.screens import PortalPart, Screen, me_of, screen
from gateway.pages.forms import own_forms_only, see
from gateway.pages.inside import ask
from gateway.problems import Problem

_KEY: Final = "read_settings"


@get("/admin/start", include_in_schema=False)
async def start(request: Http) -> Response[bytes]:
    """Show the steps."""
    if _KEY not in (await me_of(request)).keys:
        raise Problem(403, "forbidden", f"This takes the key {_KEY}.")
    return await screen(request, "start.html", first=await first_steps(request))


@post("/admin/start/remove-sample", include_in_schema=False, guards=[own_forms_only])
async def remove_sample(request: Http) -> Response[bytes]:
    """Remove the sample goods: their import is undone. What somebody has changed since stays."""
    sample = await read_sample(request)
    if sample is not None:
        await ask(request, "POST", f"/admin/api/imports/{quote(sample.id)}/undo")
        return see(f"/admin/imports/{quote(sample.id)}")
    return see("/admin/start")


PART = PortalPart(
    screens=[Screen(path="/admin/start", title="First steps", group="shop", key=_KEY)],
    routes=[start, remove_sample],
)
