"""The making and revoking of programs' tokens, for commands: who may run them has the database itself."""

from collections.abc import Sequence
from datetime import timedelta

from bus.messages.staff import COMMAND_LINE, AccessToken, MakeToken, RevokeToken, TokenKept
from engine.actor import Asks
from engine.errors import BadInput
from engine.tokens import hash_of_token
from gateway import security_log
from gateway.access import new_token


async def make_token(bus: Asks, *, label: str, keys: Sequence[str], valid_for: timedelta) -> tuple[str, AccessToken]:
    """Make a bearer token; return its secret, which is kept nowhere, and what is known of it.

    Raises:
        BadInput: There are as many as there may be.
    """
    secret, seconds = new_token(), int(valid_for.total_seconds())
    ask = MakeToken(hash=hash_of_token(secret), label=label, keys=tuple(keys), valid_s=seconds, by=COMMAND_LINE)
    answer = await bus.ask(ask)
    if not isinstance(answer, TokenKept):
        raise BadInput("there are as many valid tokens as there may be; `run.py tokens revoke` makes room")
    security_log.note("token made", about=answer.token.id, label=label)
    return secret, answer.token


async def revoke_token(bus: Asks, token_id: str) -> bool:
    """Revoke a token by its id, at once; False if there is none, or it was revoked before."""
    answer = await bus.ask(RevokeToken(id=token_id, by=COMMAND_LINE))
    if isinstance(answer, TokenKept):
        security_log.note("token revoked", about=token_id, label=answer.token.label)
    return isinstance(answer, TokenKept)
