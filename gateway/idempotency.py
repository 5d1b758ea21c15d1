"""Requests with an `Idempotency-Key` are done once (see gateway/replays.py), whatever route they go to.

Twins that meet in this process wait for the first and get its answer; elsewhere they get 409 `idempotency_in_progress`.
"""

import asyncio
import hashlib
from typing import cast

import anyio
import msgspec
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPRequestEvent, Message, Receive, Scope, Send

from gateway.edge import Edge
from gateway.problems import Problem, document
from gateway.replays import Claimed, ClaimKey, GiveBackKey, InProgress, KeepAnswer, Kept, Mismatch

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LONGEST_KEY = 255  # As Stripe has it.
_MAX_BODY = 1_048_576
_TWIN_WAITS_S = 10.0


class Idempotent:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what carries no key; claim, do and keep, or replay, what does."""
        headers = Headers.from_scope(scope)
        key = headers.get("idempotency-key", "")
        if (
            not key
            or scope["type"] != ScopeType.HTTP
            or scope["method"] not in _UNSAFE
            or scope["path"].startswith("/webhooks/")
        ):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if len(key) > _LONGEST_KEY or body is None:
            problem = (
                Problem(413, "body_too_large", f"At most {_MAX_BODY} bytes.")
                if body is None
                else Problem(422, "invalid", f"An idempotency key has at most {_LONGEST_KEY} characters.")
            )
            await _send_problem(send, problem)
            return
        caller = headers.get("authorization", "")
        own_key = _hash(str(scope["method"]), scope["path"], scope.get("query_string", b"").decode(), caller, key)
        await self._once(own_key, body, scope, receive, send)

    async def _once(self, key: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        edge: Edge = scope["litestar_app"].state.edge
        if (twin := self._under_way.get(key)) is not None:
            with anyio.move_on_after(_TWIN_WAITS_S):
                await twin.wait()
        claim = await edge.bus.ask(ClaimKey(key=key, body_hash=_hash(body.decode("latin-1"))))
        match claim:
            case Claimed():
                scope.setdefault("state", {})["idempotency_token"] = claim.token
                await self._do(key, body, scope, receive, send)
            case Kept():
                await _replay(send, claim.status, edge.keys.decrypt(claim.content, key))
            case Mismatch():
                detail = "This key was used with another body."
                await _send_problem(send, Problem(422, "idempotency_mismatch", detail))
            case InProgress():
                detail = "A request with this key is being done."
                await _send_problem(send, Problem(409, "idempotency_in_progress", detail, headers={"Retry-After": "1"}))

    async def _do(self, key: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        done = self._under_way[key] = asyncio.Event()
        answer = _Recorder()
        try:
            await self._app(scope, _body_again(body, receive), answer)
        finally:
            # Even if the caller has gone: whoever comes with this key must find the answer, or a free key.
            with anyio.CancelScope(shield=True):
                await self._settle(key, answer, scope["litestar_app"].state.edge)
                done.set()
                self._under_way.pop(key, None)
        for message in answer.messages:
            await send(message)

    async def _settle(self, key: str, answer: "_Recorder", edge: Edge) -> None:
        if 200 <= answer.status < 300:
            content = edge.keys.encrypt(msgspec.msgpack.encode((answer.content_type, answer.body)), key)
            await edge.bus.ask(KeepAnswer(key=key, status=answer.status, content=content))
        else:
            await edge.bus.ask(GiveBackKey(key=key))


class _Recorder:
    """Holds an answer back until it is kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0
        self.content_type = b""
        self.body = b""

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.content_type = dict(message["headers"]).get(b"content-type", b"")
        elif message["type"] == "http.response.body":
            self.body += message["body"]


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large."""
    body = b""
    while len(body) <= _MAX_BODY:
        message = cast("HTTPRequestEvent", await receive())
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
    return None


def _body_again(body: bytes, receive: Receive) -> Receive:
    """Hand the body to the route, which has not seen it yet."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return cast("Message", await receive())
        given = True
        return cast("Message", {"type": "http.request", "body": body, "more_body": False})

    return again  # type: ignore[return-value] # ASGI's receive and send messages are one union to Litestar


async def _replay(send: Send, status: int, content: bytes | None) -> None:
    if content is None:
        await _send_problem(send, Problem(409, "answer_lost", "The shop's master key was changed since."))
        return
    content_type, body = msgspec.msgpack.decode(content, type=tuple[bytes, bytes])
    await _send(send, status, body, [(b"content-type", content_type), (b"idempotent-replayed", b"true")])


async def _send_problem(send: Send, problem: Problem) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    content = msgspec.json.encode(document(problem))
    await _send(send, problem.status, content, [(b"content-type", b"application/problem+json"), *headers])


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
