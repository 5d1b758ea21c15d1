"""Links that invite people: a random token behind the #, so that no server and no log ever has it."""

import secrets
from typing import Final

from gateway.context import GatewayContext

INVITATION_S: Final = 3 * 86_400
INVITATION_MARK: Final = "inv_"


def new_invitation() -> str:
    """Make the token of an invitation. Only its hash is stored."""
    return INVITATION_MARK + secrets.token_urlsafe(32)


def link_to_join(context: GatewayContext, token: str) -> str:
    """Write the link that is handed over to whom it invites."""
    return join_link(context.staff_gate.link_base, token)


def join_link(base: str, token: str) -> str:
    """Write the link of an invitation, for a shop at this address."""
    return f"{base}/admin/join#{token}"
