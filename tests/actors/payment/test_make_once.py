"""An object is made once, whatever a service with idempotency keys did before it failed, and whatever it forgets."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.payment.make_once import MAX_KEYS, Create, LookUp, MakeOnce, Step

NEW, OLD = MakeOnce("ord_1-1", is_old=False), MakeOnce("ord_1-1", is_old=True)


@pytest.mark.parametrize(
    ("progress", "step"),
    [
        (NEW, Create("ord_1-1")),
        (NEW.spent_key(), LookUp()),  # A failed request may have made the object.
        (NEW.spent_key().found_nothing(), Create("ord_1-1-2")),
        (NEW.spent_key().found_nothing().spent_key(), Create("ord_1-1-3")),  # One lookup is enough.
        (OLD, LookUp()),
        (OLD.found_nothing(), Create("ord_1-1")),  # The service may still know its key.
        (OLD.found_nothing().spent_key(), Create("ord_1-1-2")),
    ],
)
def test_the_next_step_follows_from_what_is_known(progress: MakeOnce, step: Step) -> None:
    assert progress.step == step


def test_a_call_ends_with_its_last_key() -> None:
    progress, keys = NEW, list[Step]()
    while not progress.is_last_key:
        progress = progress.spent_key().found_nothing()
        keys.append(progress.step)

    assert keys == [Create(f"ord_1-1-{number}") for number in range(2, MAX_KEYS + 1)]


# Before or after its work; or the answer is lost, or the caller ends: then the key remembers a success.
Trouble: TypeAlias = Literal["fails before", "fails after", "no answer"]


@dataclass
class Service:
    """A service that remembers the first answer to each key, until it forgets all keys."""

    objects: list[str] = field(default_factory=list)
    answers: dict[str, str | None] = field(default_factory=dict)  # By key; None is a failure.
    troubles: list[Trouble] = field(default_factory=list)  # Of the next new requests.

    def make(self, *, is_old: bool) -> str | None:
        """Call it as a client does; None if the call failed."""
        progress = MakeOnce("key", is_old=is_old)
        while True:
            step = progress.step
            if isinstance(step, LookUp):
                if self.objects:
                    return self.objects[0]
                progress = progress.found_nothing()
            elif step.key not in self.answers:
                return self._handle(step.key)
            elif answer := self.answers[step.key]:
                return answer
            elif progress.is_last_key:
                return None
            else:
                progress = progress.spent_key()

    def _handle(self, key: str) -> str | None:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble != "fails before":
            self.objects.append(f"object {len(self.objects) + 1}")
        self.answers[key] = None if trouble in ("fails before", "fails after") else self.objects[-1]
        return None if trouble else self.answers[key]


@given(
    troubles=st.lists(st.sampled_from(["fails before", "fails after", "no answer"]), max_size=MAX_KEYS - 1),
    days=st.lists(st.booleans(), max_size=10),
)
def test_whatever_fails_and_is_forgotten_there_is_one_object(troubles: list[Trouble], days: list[bool]) -> None:
    service, is_old = Service(troubles=troubles), False
    for a_day_passes in days:
        service.make(is_old=is_old)
        if a_day_passes:
            service.answers.clear()
            is_old = True
        assert len(service.objects) <= 1
    service.troubles = []

    assert service.make(is_old=is_old) == service.make(is_old=is_old) == "object 1"
    assert service.objects == ["object 1"]
