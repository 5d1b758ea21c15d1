"""Pages of the shop about itself, and the files that browsers and search engines look for."""

from typing import Final

import msgspec
from litestar import MediaType, Response, get
from litestar.params import FromPath

from gateway.context import Http, context_of
from gateway.pages import assets
from gateway.pages.render import bare_page, page, whole_address
from gateway.pages.site import site_of
from gateway.problems import not_found

_PRIVATE_PLACES: Final = ("/account", "/admin", "/basket", "/checkout", "/order", "/seen")
_KEPT: Final = {"Cache-Control": "public, max-age=3600"}
_LIGHT, _ACCENT = "#f1f4f1", "#1f5c4a"  # As in style.css.


@get("/pages/{slug:str}", include_in_schema=False)
async def notice(request: Http, slug: FromPath[str]) -> Response[bytes]:
    """Show a text of the shop about itself, such as its terms."""
    await context_of(request.scope).brand.read()
    found = site_of(context_of(request.scope)).notice(slug)
    if found is None:
        raise not_found("page")
    return await page(request, "storefront/notice.html", notice=found)


@get("/offline", include_in_schema=False, sync_to_thread=False)
def offline(request: Http) -> Response[bytes]:
    """Show the page that a browser keeps for times without a network. Nothing of a visitor is in it."""
    return bare_page(request, "storefront/offline.html", status=200, headers={"Cache-Control": "no-cache"})


@get("/sw.js", include_in_schema=False, sync_to_thread=False)
def service_worker() -> Response[bytes]:
    """Serve the worker that shows the offline page. It is at the top, as it is for all pages."""
    files = msgspec.json.encode(["/offline", assets.address("shop.css")])
    script = assets.read("worker.js").replace(b'["OFFLINE_FILES"]', files)
    # A worker fetches under the policy of its own file: with that of the API no page would come through it.
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'self'"}
    return Response(script, media_type="text/javascript", headers=headers)


@get("/robots.txt", include_in_schema=False, sync_to_thread=False, media_type=MediaType.TEXT)
def robots(request: Http) -> Response[str]:
    """Tell search engines what is nobody's business, and where all addresses are."""
    closed = "".join(f"Disallow: {path}\n" for path in _PRIVATE_PLACES)
    return Response(f"User-agent: *\n{closed}\nSitemap: {whole_address(request, '/sitemap.xml')}\n", headers=_KEPT)


@get("/manifest.webmanifest", include_in_schema=False, sync_to_thread=False)
def manifest(request: Http) -> Response[bytes]:
    """Describe the shop for a phone that keeps it on its first screen. Source: W3C, Web Application Manifest."""
    site = site_of(context_of(request.scope))
    described = {
        "name": site.name,
        "short_name": site.name[:12],
        "description": site.tagline,
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": _LIGHT,
        "theme_color": _ACCENT,
        "icons": [{"src": assets.address("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(msgspec.json.encode(described), media_type="application/manifest+json", headers=_KEPT)


PUBLIC = [notice, offline, service_worker, robots, manifest]
