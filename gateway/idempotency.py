"""Requests with an `Idempotency-Key` are done once (see actors/idempotency/rules.py), whatever route they go to.

In one process, twins of a request wait for the first and get its answer; elsewhere they get 409
`idempotency_in_progress`.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final, TypeAlias, cast

import anyio
import msgspec
from litestar import Request
from litestar.datastructures import Headers
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPRequestEvent, Message, Receive, Scope, Send

from bus.messages.idempotency import Claimed, ClaimKey, EndLease, GiveBackKey, InProgress, KeepAnswer, Kept, Mismatch
from engine import telemetry
from engine.crash import CrashPoint
from engine.errors import Unavailable
from gateway.access import subject_of
from gateway.answers import answer_messages, problem_messages
from gateway.context import GatewayContext, Http, client_address, context_of
from gateway.problems import Problem

HEADER: Final = "Idempotency-Key"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LONGEST_KEY: Final = 255  # As at Stripe.
_NEVER_KEPT: Final = frozenset({"/sessions", "/me", "/login-codes", "/email-undo"})
_NEVER_KEPT_BELOW: Final = (
    "/webhooks/", "/customers", "/sessions/", "/password-resets", "/me/sessions", "/me/password", "/me/email",
    "/me/passkeys",
)  # fmt: skip
MAX_BODY_BYTES = 1_048_576  # Of any request. Litestar enforces it in routes; with a key, the body is read before.
_TWIN_WAITS_S = 10.0
_log = telemetry.logger(part="gateway")

_CLAIMED = CrashPoint("key-claimed", "An idempotency key is claimed; its request has not begun.")
_DONE = CrashPoint("request-done", "A request is done; its answer is not kept.")
_KEPT = CrashPoint("answer-kept", "An answer is kept; it has not been sent.")


class Idempotent:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests without a key; claim, do and keep, or replay, those with one."""
        headers = Headers.from_scope(scope)
        key = headers.get(HEADER, "")
        if not key or scope["type"] != ScopeType.HTTP or not takes_key(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        request: Http = Request(scope)
        if _is_page(request):
            await self._app(scope, receive, send)
            return
        await request.route_handler.authorize_connection(request)  # First: who may not ask gets no kept answer either.
        body = await _read(receive)
        if len(key) > LONGEST_KEY or body is None:
            problem = (
                Problem(413, "body_too_large", f"At most {MAX_BODY_BYTES} bytes.")
                if body is None
                else Problem(422, "invalid", f"An idempotency key has at most {LONGEST_KEY} characters.")
            )
            for message in problem_messages(problem):
                await send(message)
            return
        own_key = _hash(str(scope["method"]), scope["path"], scope["query_string"].decode(), _subject(request), key)
        await self._after_twins(own_key, body, scope, receive, send)

    async def _after_twins(self, key: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        in_progress = context_of(scope).in_progress
        with anyio.move_on_after(_TWIN_WAITS_S):
            while (twin := in_progress.get(key)) is not None:
                await twin.wait()
        done = asyncio.Event()
        in_progress.setdefault(key, done)
        try:
            messages = await self._answer(key, body, scope, receive)
        finally:
            done.set()
            if in_progress.get(key) is done:
                del in_progress[key]
        for message in messages:
            await send(message)

    async def _answer(self, key: str, body: bytes, scope: Scope, receive: Receive) -> Sequence[Message]:
        context = context_of(scope)
        claim = await context.bus.ask(ClaimKey(key=key, body_hash=_hash(body.decode("latin-1"))))
        match claim:
            case Claimed():
                _CLAIMED.reach()
                scope.setdefault("state", {})["claim"] = claim
                return await self._do(key, claim, body, scope, receive)
            case Kept():
                return _replay(claim.status, context.keys.decrypt(claim.content, key))
            case Mismatch():
                detail = "This key was used with another body."
                return problem_messages(Problem(422, "idempotency_mismatch", detail))
            case InProgress():
                detail = "A request with this key is being done."
                return problem_messages(Problem(409, "idempotency_in_progress", detail, headers={"Retry-After": "1"}))

    async def _do(self, key: str, claim: Claimed, body: bytes, scope: Scope, receive: Receive) -> Sequence[Message]:
        answer, is_settled = _Recorder(), False
        try:
            await self._app(scope, _replay_body(body, receive), answer)
        finally:
            # Even if the caller has gone: the next request with this key must find the answer, or a free key.
            with anyio.CancelScope(shield=True):
                made = scope["state"].get("made_order", "")
                _DONE.reach()
                is_settled = await self._settle(key, claim, answer, made, context_of(scope))
        if not is_settled and answer.is_good:  # Done and not kept: the next try must finish it, with the same ids.
            detail = "This may have been done; retry with the same key."
            return problem_messages(Problem(503, "unavailable", detail, headers={"Retry-After": "1"}))
        return answer.messages

    async def _settle(self, key: str, claim: Claimed, answer: "_Recorder", made: str, context: GatewayContext) -> bool:
        """Store the outcome of a request. If it can't be stored now, the lease runs out by itself."""
        try:
            await self._store(key, claim, answer, made, context)
        except Unavailable as away:
            _log.info("could not settle a key", error=str(away))
            return False
        return True

    async def _store(self, key: str, claim: Claimed, answer: "_Recorder", made: str, context: GatewayContext) -> None:
        if answer.is_good:
            content = context.keys.encrypt(msgspec.msgpack.encode((answer.content_type, answer.body)), key)
            await context.bus.ask(KeepAnswer(key=key, status=answer.status, content=content, made=made))
            _KEPT.reach()
        elif 400 <= answer.status < 500:
            await context.bus.ask(GiveBackKey(key=key, at=claim.at))
        else:
            await context.bus.ask(EndLease(key=key, at=claim.at))


def claim_of(request: Http) -> Claimed | None:
    """Return the claim of this request's idempotency key, if it has one."""
    claim: Claimed | None = request.scope.get("state", {}).get("claim")
    return claim


def takes_key(method: str, path: str) -> bool:
    """Whether a route takes an idempotency key. Webhooks are stored by their own ids, pictures by their content.

    What begins or ends sessions takes none: its answer holds a token, which nobody keeps, and its cookies.
    """
    is_upload = method == "POST" and path.startswith("/admin/api/products/") and path.endswith("/images")
    return method in _UNSAFE and path not in _NEVER_KEPT and not path.startswith(_NEVER_KEPT_BELOW) and not is_upload


def _is_page(request: Http) -> bool:
    """Whether a request is for a page: its guards don't ask who it is, so no answer is kept for others. The keys of its
    form reach the API with its own requests (gateway/pages/inside.py).
    """
    handler = request.route_handler
    return isinstance(handler, HTTPRouteHandler) and not handler.resolve_include_in_schema()


def required_claim(request: Http) -> Claimed:
    """Return the claim of this request's idempotency key, for the injection into routes that can't do without.

    Raises:
        Problem: The request has no key.
    """
    claim = claim_of(request)
    if claim is None:
        raise Problem(400, "idempotency_key_required", "Send an Idempotency-Key header, a new one for each purchase.")
    return claim


RequiredClaim: TypeAlias = NamedDependency[Claimed]  # The type of a route's parameter `claim`: ids come of its token.


def _subject(request: Http) -> str:
    """Return whose key it is. Two subjects never share one.

    A guarded route has the token that was let in. A cart is reached by its id, which is a secret of its buyer: whatever
    network a repeat comes from, it is the same buyer's. What is made without any secret is kept for the address and the
    browser of the client: a repeat from others makes a second cart, which is empty, and no stranger gets the first.
    """
    if subject := subject_of(request.scope):
        return f"Bearer {subject}"
    if request.path_params:
        return ""
    return f"{client_address(request)} {request.headers.get('user-agent', '')}"


class _Recorder:
    """Holds an answer back until it is kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0
        self.content_type = b""
        self.body = b""

    @property
    def is_good(self) -> bool:
        """Whether the request had an effect, so that its answer must be kept."""
        return 200 <= self.status < 300

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.content_type = dict(message["headers"]).get(b"content-type", b"")
        elif message["type"] == "http.response.body":
            self.body += message["body"]


async def _read(receive: Receive) -> bytes | None:
    """Read the whole body; None if it is too large."""
    body = b""
    while len(body) <= MAX_BODY_BYTES:
        message = cast("HTTPRequestEvent", await receive())
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
    return None


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Hand the body to the route, which has not seen it yet."""
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return cast("Message", await receive())
        is_read = True
        return cast("Message", {"type": "http.request", "body": body, "more_body": False})

    return replay  # type: ignore[return-value] # ASGI's receive and send messages are one union to Litestar


def _replay(status: int, content: bytes | None) -> Sequence[Message]:
    if content is None:
        return problem_messages(Problem(409, "answer_lost", "The shop's master key was changed since."))
    content_type, body = msgspec.msgpack.decode(content, type=tuple[bytes, bytes])
    return answer_messages(status, body, [(b"content-type", content_type), (b"idempotent-replayed", b"true")])


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
