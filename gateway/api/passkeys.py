"""Passkeys, as their owners see them: customers, and people who work here."""

from collections.abc import Iterable

from bus.messages.base import Instant
from bus.messages.customer_own import KnownPasskey
from bus.messages.staff_sign_in import PasskeyInfo
from gateway.api.bodies import View
from gateway.api.lists import WholeListView


class PasskeyView(View, frozen=True, kw_only=True):
    """A passkey."""

    id: str
    label: str
    backed_up: bool
    created_at: Instant
    used_at: Instant | None


class PasskeyList(WholeListView[PasskeyView], frozen=True, kw_only=True):
    """Passkeys, the oldest first."""


def passkey_views(passkeys: Iterable[KnownPasskey | PasskeyInfo]) -> list[PasskeyView]:
    """Show passkeys to their owner."""
    return [
        PasskeyView(
            id=each.id,
            label=each.label,
            backed_up=each.is_backed_up,
            created_at=each.created_at,
            used_at=each.used_at,
        )
        for each in passkeys
    ]
