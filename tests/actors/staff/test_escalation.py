"""Whatever is asked, in whatever order, by whomever: nobody gets a right that nobody with it has given them.

The model knows who can give what. A person without `write_staff` who may be made an owner by nobody, a token with keys
that its maker lacks, an account that is taken over by its link: each would be a state that the model does not allow.
"""

import secrets
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.staff.rules import FIXED
from bus.messages.staff import (
    COMMAND_LINE,
    KEYS,
    OWNER,
    AccessToken,
    ChangePerson,
    Doer,
    FindPerson,
    Holder,
    HolderFound,
    Invite,
    Join,
    ListPeople,
    ListRoles,
    ListTokens,
    MakeToken,
    PersonKept,
    Reinvite,
    RemoveRole,
    SetRole,
    TokenKept,
)
from bus.messages.staff_acts import ApprovalKept, AskApproval, DecideApproval
from bus.messages.staff_sign_in import FindCredentials, StaffCredentials
from engine.actor import Asks
from testkit import ShopUnderTest
from tests.samples import sample

SOME_KEYS = ("write_staff", "read_staff", "read_orders", "write_payments", "write_settings")
ROLES = (OWNER, "manager", "warehouse", "made", "other")
DAY_S = 86_400
Step = tuple[str, int, int, str, tuple[str, ...]]
steps = st.lists(
    st.tuples(
        st.sampled_from(["invite", "reinvite", "role", "disable", "enable", "set_role", "remove_role", "token"]),
        st.integers(0, 5),
        st.integers(0, 5),
        st.sampled_from(ROLES),
        st.lists(st.sampled_from(SOME_KEYS), max_size=3, unique=True).map(tuple),
    ),
    min_size=5,
    max_size=25,
)


@dataclass
class Model:
    """What everybody who is no owner has ever been allowed by somebody who could."""

    bus: Asks
    people: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    makers: dict[str, set[str]] = field(default_factory=dict)  # Of people and programs: who has made or raised them.

    def origins(self, who: str) -> set[str]:
        """All who could be this person or program by something that they have made."""
        found, left = {who}, [who]
        while left:
            new = self.makers.get(left.pop(), set()) - found
            found |= new
            left += new
        return found

    def doers(self) -> list[str]:
        return [*self.people, *self.tokens]

    async def join(self, role: str) -> str:
        """A person with this role, who has a second factor."""
        token = secrets.token_bytes(32)
        name = f"{secrets.token_hex(6)}@shop.example"
        invite = Invite(
            id=f"stf_{secrets.token_hex(6)}", email=name, name="n", role=role, token_hash=token, valid_s=DAY_S,
            by=COMMAND_LINE,
        )  # fmt: skip
        kept = await self.bus.ask(invite)
        assert isinstance(kept, PersonKept)
        assert isinstance(await self.bus.ask(Join(token_hash=token, password="hash", by=COMMAND_LINE)), PersonKept)
        self.people.append(kept.person.id)
        return kept.person.id


async def all_rights(shop: ShopUnderTest) -> dict[str, frozenset[str]]:
    """What each person could do as soon as they sign in with all factors, and each token can do."""
    roles = {role.id: frozenset(role.keys) for role in (await shop.ask(ListRoles())).roles}
    rights = {
        person.id: roles.get(person.role, frozenset()) | ({"owner"} if person.role == OWNER else frozenset())
        for person in (await shop.ask(ListPeople())).people
        if person.state != "disabled"
    }
    tokens = {token.id: frozenset(token.keys) for token in (await shop.ask(ListTokens())).tokens}
    return {**rights, **tokens}


async def roles_and_states(shop: ShopUnderTest) -> dict[str, tuple[str, str]]:
    return {person.id: (person.role, person.state) for person in (await shop.ask(ListPeople())).people}


async def do(shop: ShopUnderTest, model: Model, step: Step) -> tuple[str, Any]:
    """Try one step; gives who did it, and the answer."""
    deed, actor, target, role, keys = step
    doers = model.doers()
    by, about = Doer(id=doers[actor % len(doers)]), model.people[target % len(model.people)]
    ask: Any
    match deed:
        case "invite":
            ask = Invite(
                id=f"stf_{secrets.token_hex(6)}", email=f"{secrets.token_hex(6)}@x.example", name="n", role=role,
                token_hash=secrets.token_bytes(32), valid_s=DAY_S, by=by,
            )  # fmt: skip
        case "reinvite":
            ask = Reinvite(id=about, token_hash=secrets.token_bytes(32), valid_s=DAY_S, by=by)
        case "role":
            ask = ChangePerson(id=about, role=role, by=by)
        case "disable":
            ask = ChangePerson(id=about, is_disabled=True, by=by)
        case "enable":
            ask = ChangePerson(id=about, is_disabled=False, by=by)
        case "set_role":
            ask = SetRole(id="made", title="Made", keys=keys, by=by)
        case "remove_role":
            ask = RemoveRole(id="made", by=by)
        case _:
            ask = MakeToken(hash=secrets.token_bytes(32), label="t", keys=keys, valid_s=DAY_S, by=by)
    was = await roles_and_states(shop)
    answer = await shop.ask(ask)
    note(model, deed, by.id, answer, was)
    return by.id, answer


def note(model: Model, deed: str, by: str, answer: object, was: dict[str, tuple[str, str]]) -> None:
    """Let the model know who is there now, and who has made whom."""
    match answer:
        case TokenKept(token=token):
            model.tokens.append(token.id)
            model.makers.setdefault(token.id, set()).add(by)
        case PersonKept(person=person):
            if deed == "invite":
                model.people.append(person.id)
            role, state = was.get(person.id, ("", ""))
            is_raised = person.role != role or (person.state != state and person.state != "disabled")
            if is_raised or deed == "reinvite":
                model.makers.setdefault(person.id, set()).add(by)
        case _:
            pass


@pytest.mark.timeout(240)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=steps)
async def test_no_sequence_of_calls_gives_rights_that_the_giver_lacks(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch, sequence: list[Step]
) -> None:
    monkeypatch.setattr("actors.staff.rules.asks_for_factor", lambda role, keys: False)
    model = Model(shop.inside.bus)
    for role in ("manager", "warehouse", "manager"):
        await model.join(role)
    made = MakeToken(
        hash=secrets.token_bytes(32), label="t", keys=("write_staff", "read_orders"), valid_s=DAY_S, by=COMMAND_LINE
    )
    kept = await shop.ask(made)
    assert isinstance(kept, TokenKept)
    model.tokens.append(kept.token.id)

    for step in sequence:
        before = await all_rights(shop)
        active = {each.id for each in (await shop.ask(ListPeople())).people if each.state == "active"}
        by, _ = await do(shop, model, step)
        after = await all_rights(shop)

        givers = before.get(by, frozenset()) if by.startswith("tok_") or by in active else frozenset()
        for who, rights in after.items():
            gained = rights - before.get(who, frozenset())
            assert gained <= givers, f"{by} gave {sorted(gained)} to {who} in {step}"
        for who, rights in before.items():
            if after.get(who) != rights:
                assert rights <= givers, f"{by} touched {who} in {step}"

    for one, other in permutations(model.people[:5], 2):
        is_close = bool(model.origins(one) & model.origins(other))
        assert await agrees(shop, one, other) is not is_close, f"{one} and {other}: {model.makers}"


async def agrees(shop: ShopUnderTest, asker: str, approver: str) -> bool:
    """Whether one person may approve what another asks for."""
    approval = f"apr_{secrets.token_hex(8)}"
    ask = AskApproval(
        id=approval, order_id=approval, refund_id=approval, amount=2, worth=2, limit=1, reason="duplicate",
        by=Doer(id=asker), what="cancel",
    )  # fmt: skip
    assert (await shop.ask(ask)).approval.state == "waiting"
    return isinstance(await shop.ask(DecideApproval(id=approval, is_approved=True, by=Doer(id=approver))), ApprovalKept)


async def test_a_holder_has_the_keys_of_the_role(shop: ShopUnderTest) -> None:
    model = Model(shop.inside.bus)
    person = await model.join("warehouse")

    found = await shop.ask(FindPerson(id=person))

    assert isinstance(found, HolderFound)
    assert set(found.holder.keys) == set(FIXED["warehouse"].keys)


def test_the_model_speaks_of_what_there_is() -> None:
    assert set(SOME_KEYS) <= set(KEYS)
    assert sample(Holder)
    assert sample(AccessToken)
    assert sample(FindCredentials)
    assert sample(StaffCredentials)
