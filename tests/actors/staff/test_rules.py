"""Deny by default, and nobody grants what they lack: the rules, without a database."""

import pytest

from actors.staff import rules
from actors.staff.rules import FIXED, NONE, Rights, UserFacts
from bus.messages.staff import KEYS, OWNER, RESOURCES, Role

MADE = {"till": Role(id="till", title="Till", keys=("read_stock", "write_everything"))}
BARE = Rights(frozenset({"write_staff", "read_orders"}), person="stf_1")


def facts(role: str, state: str = "active", *, has_factor: bool = True) -> UserFacts:
    return UserFacts("stf_1", role, state, has_factor)  # type: ignore[arg-type]


def test_there_are_28_keys() -> None:
    assert len(KEYS) == len(set(KEYS)) == 28
    assert len(RESOURCES) == 14


def test_an_owner_may_everything_and_others_less() -> None:
    assert set(FIXED[OWNER].keys) == set(KEYS)
    assert all(set(role.keys) < set(KEYS) for role in FIXED.values() if role.id != OWNER)
    assert not any(key.startswith("write") for key in FIXED["bookkeeping"].keys)


@pytest.mark.parametrize("role", ["", "nobody", "Owner", "owner "])
def test_an_empty_or_unknown_role_may_nothing(role: str) -> None:
    assert rules.rights_of(facts(role), MADE) == Rights(frozenset(), person="stf_1")


def test_a_key_that_is_none_opens_nothing() -> None:
    assert rules.keys_of("till", MADE) == {"read_stock"}


@pytest.mark.parametrize("state", ["invited", "disabled"])
def test_whoever_is_not_active_may_nothing(state: str) -> None:
    assert rules.rights_of(facts(OWNER, state), {}) == NONE
    assert rules.rights_of(None, {}) == NONE


@pytest.mark.parametrize(("role", "asks"), [(OWNER, True), ("manager", True), ("warehouse", False), ("boss", True)])
def test_roles_that_rule_others_ask_for_a_second_factor(role: str, asks: bool) -> None:
    made = {"boss": Role(id="boss", title="Boss", keys=("write_staff",))}
    without = rules.rights_of(facts(role, has_factor=False), made)
    assert (without == NONE) is asks
    assert rules.rights_of(facts(role), made).keys


def test_nobody_gives_what_they_lack() -> None:
    assert rules.refusal(BARE, keys=["read_orders"], is_owner=False) is None
    assert rules.refusal(BARE, keys=["read_orders", "write_orders"], is_owner=False) == ("write_orders",)
    assert rules.refusal(BARE, keys=["no_key"], is_owner=False) == ("no_key",)
    assert rules.refusal(BARE, keys=["read_orders"], is_owner=True) == ()
    assert rules.refusal(NONE, keys=[], is_owner=False) == ("write_staff",)
    assert rules.refusal(rules.ALL, keys=KEYS, is_owner=True) is None
    every_key = Rights(frozenset(KEYS))  # A token with all keys is no owner.
    assert rules.refusal(every_key, keys=KEYS, is_owner=True) == ()


def test_the_last_owner_is_known() -> None:
    assert rules.would_be_last(["stf_1"], "stf_1")
    assert not rules.would_be_last(["stf_1", "stf_2"], "stf_1")
    assert not rules.would_be_last(["stf_2"], "stf_1")


def test_pieces_of_a_refund_add_up() -> None:
    assert rules.is_within(0, 100, 100)
    assert not rules.is_within(1, 100, 100)
