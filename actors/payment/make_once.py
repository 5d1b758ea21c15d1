"""Making an object once, though the service's idempotency keys replay failures and expire. Pure.

A key replays the first answer, even a 500, for as long as the service keeps it: a day. Later a repeat would make a
second object. So the object is **looked up** before a request is repeated whose first try is old, or whose key is
**spent**: it replays an old failure, or belongs to a request for another sum. If there is no such object, an old
request is repeated under the same key (the service may still know it), and one whose key is spent under the next:
`{key}-2`, and so on. All calls use the same keys in the same order, so a crash between two steps changes nothing.
Source: Stripe API reference, "Idempotent requests"; docs.stripe.com/error-low-level.
"""

from dataclasses import dataclass, replace
from typing import Final, Self, TypeAlias

MAX_KEYS: Final = 5  # For one object.


@dataclass(frozen=True, slots=True)
class LookUp:
    """Read whether the service has the object."""


@dataclass(frozen=True, slots=True)
class Create:
    """Ask the service to make the object, under this key."""

    key: str


Step: TypeAlias = LookUp | Create


@dataclass(frozen=True, slots=True)
class MakeOnce:
    """The progress of one call that makes an object.

    One lookup is enough for all keys of a call: they replay failures of earlier calls only.
    """

    key: str
    is_old: bool  # The first try may be so long ago that the service has forgotten its key.
    spent_keys: int = 0
    is_absent: bool = False  # The object was looked up, and was not there.

    @property
    def step(self) -> Step:
        """The next request to the service."""
        if (self.is_old or self.spent_keys) and not self.is_absent:
            return LookUp()
        return Create(self.key if self.spent_keys == 0 else f"{self.key}-{self.spent_keys + 1}")

    @property
    def is_last_key(self) -> bool:
        """Whether no further key is tried: a failure under this one is the call's."""
        return self.spent_keys == MAX_KEYS - 1

    def found_nothing(self) -> Self:
        """Note that the service does not have the object."""
        return replace(self, is_absent=True)

    def spent_key(self) -> Self:
        """Note that the key is spent."""
        return replace(self, spent_keys=self.spent_keys + 1)
