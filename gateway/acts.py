"""The record of what staff do: each change that is asked for, before it is made, and how it was answered.

The first is on disk before the route begins, so nothing is done that is not recorded. If the process dies in between,
or the answer can't be recorded, the act stands without one: it may have been done. What changes rights is recorded once
more, with its before and after, in its own transaction: see actors/staff/acts.py.
"""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from litestar.enums import ScopeType
from litestar.types import Message, Scope

from bus.messages.staff_acts import Act, RecordAct
from engine import telemetry
from engine.errors import ShopFlowError
from gateway.context import AnyConnection, client_address, context_of
from gateway.rights import Right

_LONGEST_PATH: Final = 300
_log = telemetry.logger(part="gateway")


def request_id(scope: Scope) -> str:
    """Return the id of a request, by which its acts are found."""
    state = scope["state"]
    if "request_id" not in state:
        state["request_id"] = secrets.token_hex(8)
    return str(state["request_id"])


async def begin(connection: AnyConnection, staff_id: str, right: Right) -> None:
    """Record, once, what somebody sets about to do.

    Raises:
        ShopFlowError: It can't be recorded: then it is not done.
    """
    scope = connection.scope
    if "act" in scope["state"]:
        return
    act = Act(
        by=staff_id,
        key=", ".join(right.keys),
        what=f"{scope.get('method', '')} {scope.get('path_template', '')}",
        about=str(scope["path"])[:_LONGEST_PATH],
        address=client_address(connection),
        request_id=request_id(scope),
    )
    await context_of(scope).bus.ask(RecordAct(act=act))
    scope["state"]["act"] = act


async def record_each(
    connection: AnyConnection, staff_id: str, right: Right, template: str, ids: Sequence[str]
) -> None:
    """Record what somebody sets about to do with each of several things, as if each had been asked for alone.

    Args:
        connection: The one request that asks for all.
        staff_id: Who asks.
        right: What each takes.
        template: The path of the route that does it alone, with one gap for the id.
        ids: At most as many as one turn takes.

    Raises:
        ShopFlowError: One can't be recorded: then none of them is done.
    """
    head, _, tail = template.partition("{")
    _, _, tail = tail.partition("}")
    context, address = context_of(connection.scope), client_address(connection)
    records = [
        Act(
            by=staff_id,
            key=", ".join(right.keys),
            what=f"POST {template}",
            about=f"{head}{quote(each, safe='')}{tail}"[:_LONGEST_PATH],
            address=address,
            request_id=request_id(connection.scope),
        )
        for each in ids
    ]
    await asyncio.gather(*(context.bus.ask(RecordAct(act=act)) for act in records))


async def note_answer(message: Message, scope: Scope) -> None:
    """Record how a change was answered. A hook for `Litestar(before_send=...)`."""
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
        return
    act: Act | None = scope["state"].pop("act", None)
    if act is None:
        return
    scope["state"]["act"] = None
    answer = Act(
        by=act.by,
        key=act.key,
        what="answered",
        about=act.about,
        after=str(message["status"]),
        request_id=act.request_id,
    )
    try:
        await context_of(scope).bus.ask(RecordAct(act=answer))
    except ShopFlowError as error:
        _log.warning("an answer is not recorded", about=act.about, why=str(error))
