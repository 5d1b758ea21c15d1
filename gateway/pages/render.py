"""Pages as HTML, from the templates in this folder. What a template is given is text: nothing in it becomes markup."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Final
from urllib.parse import quote as _quoted

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from markupsafe import Markup, escape

from bus.messages.base import Money
from gateway.context import GatewayContext, Http, context_of
from gateway.pages import assets
from gateway.pages.forms import new_key
from gateway.pages.languages import Language, languages
from gateway.pages.sentences import detail_of
from gateway.pages.site import site_of
from gateway.pages.typed import typed_amount, typed_moment
from gateway.pages.visitor import Visitor, language_asked, language_cookie, visitor_of

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MOST_MARKED: Final = 8  # Words of a query.
_HTML: Final = "text/html"
# A visitor's own basket is in it: a browser may keep it, and asks whether it is still right; nobody else may.
_PRIVATE: Final = "private, no-cache"


async def page(
    request: Http,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    cookies: Sequence[Cookie] = (),
    visitor: Visitor | None = None,
    **values: object,
) -> Response[bytes]:
    """Render a page of the shop.

    Args:
        request: Whose page it is.
        template: Its file below `templates`.
        status: The HTTP status.
        headers: Further headers. Pages may be kept by their reader's browser alone, unless these say otherwise.
        cookies: To set with it.
        visitor: Who looks at it, if that is known already.
        values: What the template shows.
    """
    known = visitor or await visitor_of(request)
    await context_of(request.scope).brand.read()
    if request.query_params.get("lang") == known.language.code:
        cookies = [*cookies, language_cookie(request, known.language.code)]
    return rendered(request, template, known, status, headers, cookies, values)


def bare_page(
    request: Http, template: str, *, status: int, headers: Mapping[str, str] | None = None, **values: object
) -> Response[bytes]:
    """Render a page that needs nothing of the shop: a visitor's basket is not read for it."""
    nobody = Visitor(language=language_asked(request), cart=None)
    return rendered(request, template, nobody, status, headers, (), values)


def whole_address(request: Http, path: str) -> str:
    """Write an address of the shop as others may follow it. What is an address already stays."""
    if path.startswith("http"):
        return path
    return (context_of(request.scope).public_url or str(request.base_url).rstrip("/")) + path


def rendered(
    request: Http,
    template: str,
    visitor: Visitor,
    status: int,
    headers: Mapping[str, str] | None,
    cookies: Sequence[Cookie],
    values: Mapping[str, object],
) -> Response[bytes]:
    """Render a page for a visitor who is known; as `page`, which see."""
    context, code = context_of(request.scope), visitor.language.code
    shown = {
        "visitor": visitor,
        "site": site_of(context),
        "here": _here(request),
        "path": request.url.path,
        "canonical": _canonical(request, code),
        "address": whole_address(request, request.url.path),
        "hold_s": context.cart_hold_s,
        "now": context.clock.now(),
        **values,
    }
    content = environment(code).get_template(template).render(shown)
    given = {
        "Content-Security-Policy": policy(context),
        "Cache-Control": _PRIVATE,
        "Content-Language": code,
        **(headers or {}),
    }
    return Response(content.encode(), status_code=status, media_type=_HTML, headers=given, cookies=list(cookies))


def policy(context: GatewayContext) -> str:
    """Write what a page may load: files of the shop, its pictures, its live stock, and Stripe's API."""
    live = context.public_url.replace("http", "ws", 1)
    return (
        f"default-src 'self'; connect-src 'self' {context.stripe_api_base} {live}; object-src 'none'; "
        f"img-src 'self' data: {_origin(context.media_url)}; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )


@cache
def environment(code: str) -> Environment:
    """Return the templates in a language."""
    language = languages()[code]
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_callables(language.say, language.say_many, newstyle=True)  # type: ignore[attr-defined] # Of the extension.
    made.globals |= _texts(language) | {
        "asset": assets.address,
        "language": language,
        "languages": languages(),
        "new_key": new_key,
    }
    made.filters |= _filters(language)
    return made


def _texts(language: Language) -> dict[str, object]:
    """Return what says texts, in place of the extension's own, which take a third of a long table's time.

    Those make a new context for each text in a loop; these need none, for pages escape everything.
    """

    @cache
    def plain(text: str) -> Markup:
        return Markup(language.say(text)) % {}  # noqa: S704 - the templates' texts are ours

    def say(text: str, /, **values: object) -> Markup:
        return Markup(language.say(text)) % values if values else plain(text)  # noqa: S704

    def say_many(one: str, many: str, count: int, /, **values: object) -> Markup:
        return Markup(language.say_many(one, many, count)) % {"num": count, **values}  # noqa: S704

    return {"gettext": say, "ngettext": say_many, "_": say}


def _filters(language: Language) -> dict[str, object]:
    def iso(at: datetime) -> str:
        return at.isoformat(timespec="seconds").replace("+00:00", "Z")

    def times(money: Money, count: int) -> Money:
        return Money(amount=money.amount * count, currency=money.currency)

    def until(money: Money, limit: Money) -> Money:
        return Money(amount=max(0, limit.amount - money.amount), currency=money.currency)

    return {
        "money": language.money,
        "when": language.when,
        "number": language.number,
        "span": language.span,
        "day": language.day,
        "clock": language.clock,
        "said": language.say,
        "detail": partial(detail_of, language),
        "iso": iso,
        "typed_amount": typed_amount,
        "typed_moment": typed_moment,
        "times": times,
        "until": until,
        "units": lambda left, skus: sum(left[sku] for sku in skus),
        "marked": marked,
    }


def _canonical(request: Http, code: str) -> str:
    """Return the address by which a page is known: a language that its address names is another page."""
    address = whole_address(request, request.url.path)
    return f"{address}?lang={code}" if request.query_params.get("lang") == code else address


def marked(text: str, query: str) -> Markup:
    """Mark in a text the words that begin as those of a query do."""
    words = [re.escape(word) for word in query.split()[:_MOST_MARKED] if len(word) > 1]
    if not words:
        return escape(text)
    parts = re.split(rf"(?<!\w)({'|'.join(words)})", text, flags=re.IGNORECASE)
    return Markup().join(
        Markup("<mark>{}</mark>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def _here(request: Http) -> str:
    """Return the path of the page with its query, to come back to; without the language, which a cookie keeps."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("lang", "token")]
    query = "&".join(f"{_quoted(name)}={_quoted(str(value))}" for name, value in kept)
    return f"{request.url.path}?{query}" if query else request.url.path


def _origin(address: str) -> str:
    """Return the origin of the pictures' address, as a policy names it; "" for the shop's own."""
    return "/".join(address.split("/")[:3]) if address.startswith("http") else ""
