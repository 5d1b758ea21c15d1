"""Redirects of a former shop: asked for where nothing is, and answered before the page that says so."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bus.messages.navigation import FindRedirect, Redirect
from engine.errors import Unavailable
from gateway.answers import answer_messages, problem_messages
from gateway.context import GatewayContext
from gateway.problems import Problem

# Never looked up.
_OURS: Final = ("/admin", "/carts", "/order", "/orders", "/webhooks", "/health", "/media", "/static", "/live")
_LONGEST: Final = 2048  # Bytes of an address that can have a redirect.
_KEPT: Final = "%/?#[]@!$&'()*+,;=:"  # What an address may have beside letters and digits. Source: RFC 3986, 2.2.


def with_redirects(app: ASGIApp, context: GatewayContext) -> ASGIApp:
    """Wrap an application so that an address of a former shop leads on, where it would be answered 404."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        may_lead = scope["type"] == ScopeType.HTTP and scope["method"] == "GET" and not _is_ours(scope)
        await app(scope, receive, _leading(scope, context, send) if may_lead else send)

    return serve


def _leading(scope: Scope, context: GatewayContext, send: Send) -> Send:
    is_replaced = False

    async def send_or_lead(message: Message) -> None:
        nonlocal is_replaced
        if message["type"] == "http.response.start" and message["status"] == 404:
            answer = await _answer(scope, context)
            is_replaced = bool(answer)
            for each in answer:
                await send(each)
        if not is_replaced:
            await send(message)

    return send_or_lead


async def _answer(scope: Scope, context: GatewayContext) -> Sequence[Message]:
    """Answer instead of the 404; empty where it is right. While it can't be known, the answer is 503: a search engine
    forgets what it is told is not there.
    """
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    if len(path) + len(query) > _LONGEST:
        return ()
    try:
        found = (await context.bus.ask(FindRedirect(path=path, query=query))).redirect
    except Unavailable:
        return problem_messages(Problem(503, "unavailable", "Please try again soon.", headers={"Retry-After": "1"}))
    return _lead(found) if found else ()


def _lead(redirect: Redirect) -> Sequence[Message]:
    if redirect.code == 410:
        return problem_messages(Problem(410, "gone", "This page is no longer there."))
    return answer_messages(redirect.code, b"", [(b"location", quote(redirect.target, safe=_KEPT).encode())])


def _is_ours(scope: Scope) -> bool:
    path: str = scope["path"]
    return any(path == root or path.startswith(f"{root}/") for root in _OURS)
