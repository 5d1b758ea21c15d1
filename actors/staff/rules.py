"""Decisions about people, rights and factors. Pure.

Deny by default: whoever is not known, has a role that is not known, or a key that is not known, may nothing by it. And
nobody gets a right from somebody who lacks it, be it by a role, by a token, or by the account of another person.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from bus.messages.staff import KEYS, OWNER, RESOURCES, RightKey, Role, UserState

APPROVAL_LASTS: Final = timedelta(days=7)
CLOSE_FOR: Final = timedelta(days=30)  # Whoever was invited or raised is no second pair of eyes for so long.
NO_LIMIT: Final = 2**62
_STRONG: Final = frozenset({OWNER, "manager"})  # Roles that ask for a second factor, beside those that write_staff.


def _reading(*resources: str) -> tuple[RightKey, ...]:
    return tuple(f"read_{each}" for each in resources)


def _both(*resources: str) -> tuple[RightKey, ...]:
    return tuple(f"{may}_{each}" for each in resources for may in ("read", "write"))


# Roles that every shop has.
FIXED: Final[Mapping[str, Role]] = {
    role.id: role
    for role in (
        Role(id=OWNER, title="Owner", keys=KEYS, is_fixed=True),
        Role(id="manager", title="Manager", keys=tuple(key for key in KEYS if key != "write_settings"), is_fixed=True),
        Role(
            id="catalogue",
            title="Catalogue",
            keys=(
                *_both("products", "prices", "promotions", "content"),
                *_reading("stock", "reviews", "reports"),
            ),
            is_fixed=True,
        ),
        Role(
            id="warehouse",
            title="Warehouse",
            keys=(*_both("stock", "parcels", "returns"), *_reading("orders", "products")),
            is_fixed=True,
        ),
        Role(
            id="support",
            title="Support",
            keys=(
                *_both("orders", "returns", "customers", "reviews"),
                *_reading("payments", "parcels", "stock", "products", "prices", "promotions"),
            ),
            is_fixed=True,
        ),
        Role(
            id="bookkeeping",
            title="Bookkeeping",
            keys=_reading("orders", "payments", "returns", "prices", "promotions", "reports"),
            is_fixed=True,
        ),
    )
}
assert all(key in KEYS for role in FIXED.values() for key in role.keys)
assert len(KEYS) == 2 * len(RESOURCES)


class Rights(NamedTuple):
    """The rights of somebody who gives something, or touches somebody."""

    keys: frozenset[RightKey]
    is_owner: bool = False
    person: str = ""  # The id, if it is one.


NONE: Final = Rights(frozenset())
ALL: Final = Rights(frozenset(KEYS), is_owner=True)


class UserFacts(NamedTuple):
    """The facts that decide about a person."""

    id: str
    role: str
    state: UserState
    has_factor: bool


def keys_of(role: str, made: Mapping[str, Role]) -> frozenset[RightKey]:
    """Return the keys of a role: none, if there is no such role."""
    known = FIXED.get(role) or made.get(role)
    return frozenset(known.keys) & frozenset(KEYS) if known else frozenset()


def asks_for_factor(role: str, keys: Collection[RightKey]) -> bool:
    """Whether people with this role need a second factor."""
    return role in _STRONG or "write_staff" in keys


def rights_of(user: UserFacts | None, made: Mapping[str, Role]) -> Rights:
    """Return what a person may: nothing while not active, and nothing without the factor that the role asks for."""
    if user is None or user.state != "active":
        return NONE
    keys = keys_of(user.role, made)
    if asks_for_factor(user.role, keys) and not user.has_factor:
        return NONE
    return Rights(keys, user.role == OWNER, user.id)


def lacking(giver: Rights, wanted: Collection[RightKey]) -> tuple[RightKey, ...]:
    """Return the keys that a giver lacks, also those that are none."""
    return tuple(sorted(set(wanted) - giver.keys))


def may_staff(giver: Rights) -> bool:
    """Whether somebody may change who may what at all."""
    return "write_staff" in giver.keys


def refusal(giver: Rights, *, keys: Collection[RightKey], is_owner: bool) -> tuple[RightKey, ...] | None:
    """Return why a giver can't give these keys, or touch who has them; None if they can.

    The keys that are lacked; none of them, if only owners may do it.
    """
    if not may_staff(giver):
        return ("write_staff",)
    if lacks := lacking(giver, keys):
        return lacks
    return () if is_owner and not giver.is_owner else None


def would_be_last(owners: Collection[str], user_id: str) -> bool:
    """Whether the shop would have no owner without this one."""
    return set(owners) <= {user_id}


def order_of(keys: Collection[RightKey]) -> tuple[RightKey, ...]:
    """Write keys in their order, each once."""
    return tuple(key for key in KEYS if key in keys)


def all_roles(made: Sequence[Role]) -> tuple[Role, ...]:
    """List the roles that every shop has, and then its own."""
    return (*FIXED.values(), *made)


def limit_of(role: str, made: Mapping[str, Role], default: int) -> int:
    """Return what one person with a role may refund of an order; the default of 0 is no limit, a role's is nothing."""
    own = made[role].refund_limit if role in made else None
    return own if own is not None else default or NO_LIMIT


def exceeds(role: str, giver: str, made: Mapping[str, Role]) -> bool:
    """Whether only owners give this role to somebody: one who has it may refund more than the giver, or may do.

    A role without a limit has that of the setting, which the giver's may be below; so limits are compared, not guessed.
    """
    if role not in made and giver not in made:
        return False
    wanted = made[role].refund_limit if role in made else None
    own = made[giver].refund_limit if giver in made else None
    if wanted is None:
        return own is not None
    return own is None or wanted > own


def is_within(refunded: int, worth: int, limit: int) -> bool:
    """Whether a person may refund so much of an order alone, in minor units. Pieces add up: they are no way around."""
    return refunded + worth <= limit
