"""The handling of every API call around its work: faults, idempotency, one transaction.

The work itself is a plain function without await, so it and its stored answer commit together, and two calls never
interleave. Only waiting (a slow or hanging fault) happens between the calls.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from typing import Protocol

import msgspec
from aiohttp import web
from msgspec import Raw

from sandbox.core.faults import HANG_S, Fault, Gate
from sandbox.core.idempotency import MAX_KEY, Answer, KeptAnswer, KeyInUse, KeyMismatch, Keys
from sandbox.core.store import Store

_ENCODER = msgspec.json.Encoder()


def json_answer(status: int, body: object, *, keep: bool = True) -> Answer:
    """An answer whose body is encoded once."""
    return Answer(status, Raw(_ENCODER.encode(body)), keep)


class Phrases(Protocol):
    """The wording, by API, of the refusals that the call handler makes."""

    def failed(self, status: int) -> Answer: ...
    def rate_limited(self) -> Answer: ...
    def key_mismatch(self, key: str) -> Answer: ...
    def key_in_use(self, key: str) -> Answer: ...
    def key_invalid(self) -> Answer: ...


class CallHandler:
    """Answers the calls of one API: its fault, its idempotency keys, its wording of refusals."""

    def __init__(self, store: Store, keys: Keys, gate: Gate, phrases: Phrases, headers: dict[str, str]) -> None:
        self._store = store
        self._keys = keys
        self._gate = gate
        self._phrases = phrases
        self._headers = headers  # Added to every answer.

    async def answer(
        self, request: web.Request, request_id: str, fingerprint: str, work: Callable[[], Answer]
    ) -> web.Response:
        """Do the work once per idempotency key, and answer; or misbehave as the fault demands."""
        fault = self._gate.take(f"{request.method} {request.path}")
        if fault.action == "rate_limit" or (fault.action != "none" and not fault.after_work):
            return await self._misbehave(request, request_id, fault)
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        if not key:
            await _wait(fault)
            response = self._respond(request_id, self._run(work, fault, "", request_id))
        else:
            response = await self._answer_by_key(key, request_id, fingerprint, work, fault)
        if fault.action in ("hang", "drop"):
            await _silence(request, fault)
        return response

    async def _answer_by_key(
        self, key: str, request_id: str, fingerprint: str, work: Callable[[], Answer], fault: Fault
    ) -> web.Response:
        if len(key) > MAX_KEY or not key.isascii():
            return self._respond(request_id, self._phrases.key_invalid())
        try:
            kept = self._keys.claim(key, fingerprint)
        except KeyMismatch:
            return self._respond(request_id, self._phrases.key_mismatch(key), key)
        except KeyInUse:
            return self._respond(request_id, self._phrases.key_in_use(key), key)
        if kept is not None:
            return self._replay(request_id, kept, key)
        return self._respond(request_id, await self._first(work, fault, key, request_id), key)

    async def _first(self, work: Callable[[], Answer], fault: Fault, key: str, request_id: str) -> Answer:
        try:
            await _wait(fault)
            return self._run(work, fault, key, request_id)
        finally:
            self._keys.release(key)

    def _run(self, work: Callable[[], Answer], fault: Fault, key: str, request_id: str) -> Answer:
        with self._store.transaction():
            answer = work()
            if fault.action == "fail":
                answer = self._phrases.failed(fault.status)
            if key and answer.keep:
                self._keys.save(key, answer, request_id)
        return answer

    async def _misbehave(self, request: web.Request, request_id: str, fault: Fault) -> web.Response:
        """Trouble before the work: nothing is done and nothing is stored."""
        await _wait(fault)
        if fault.action == "rate_limit":
            response = self._respond(request_id, self._phrases.rate_limited())
            response.headers["Retry-After"] = str(fault.retry_after_s)
            return response
        if fault.action in ("hang", "drop"):
            await _silence(request, fault)
        return self._respond(request_id, self._phrases.failed(fault.status))

    def _replay(self, request_id: str, kept: KeptAnswer, key: str) -> web.Response:
        response = self._respond(request_id, Answer(kept.status, kept.body), key)
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = kept.request_id
        return response

    def _respond(self, request_id: str, answer: Answer, key: str = "") -> web.Response:
        headers = {**self._headers, "Request-Id": request_id}
        if key:
            headers["Idempotency-Key"] = key
        return web.Response(
            body=bytes(answer.body), status=answer.status, headers=headers, content_type="application/json"
        )


def fingerprint(request: web.Request, parameters: bytes) -> str:
    """Hash caller, call and parameters. Empty without an idempotency key, as nothing compares it then."""
    if "Idempotency-Key" not in request.headers:
        return ""
    caller = request.headers.get("Authorization", "")  # A replay must not show an answer to another caller.
    call = f"{request.method} {request.path}\n{caller}\n".encode("utf-8", "surrogateescape")
    return hashlib.sha256(call + parameters).hexdigest()


def new_request_id() -> str:
    """Make an id as in Stripe's Request-Id header."""
    return "req_" + secrets.token_hex(7)


async def _wait(fault: Fault) -> None:
    if fault.delay_s > 0:
        await asyncio.sleep(fault.delay_s)


async def _silence(request: web.Request, fault: Fault) -> None:
    """Drop the connection, or hold it until the client gives up."""
    loop = asyncio.get_running_loop()
    until = loop.time() + HANG_S
    while fault.action == "hang" and request.transport is not None and loop.time() < until:  # noqa: ASYNC110
        # aiohttp does not report when a client goes away while its handler runs.
        await asyncio.sleep(0.05)
    if request.transport is not None:
        request.transport.abort()
