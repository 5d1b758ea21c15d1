"""Routes: one owner for each command, any number of listeners for each event."""

from collections.abc import Sequence

import pytest

from bus.local import LocalBus
from bus.routes import Routes
from engine.actor import Actor, turn
from engine.clock import ManualClock
from engine.errors import BadInput, Unavailable
from engine.message import Command, Event
from engine.postgres import Database
from tests.engine.toys import Add, Bell, Courier, Rang, Recorder, Ring, house, settings


class Unheard(Event):
    key: str


class Unowned(Command[None]):
    key: str


ROUTES = Routes([Recorder, Bell, Courier])


def test_a_command_goes_to_its_owner() -> None:
    assert ROUTES.owner(Add) == "recorder"
    assert ROUTES.owner(Ring) == "bell"
    assert ROUTES.subscribers(Ring) == ("bell",)


def test_an_event_goes_to_all_who_handle_it() -> None:
    assert ROUTES.subscribers(Rang) == ("recorder", "courier")
    assert ROUTES.listeners() == {"Rang": ("recorder", "courier")}


def test_an_event_may_have_no_listener() -> None:
    assert ROUTES.subscribers(Unheard) == ()


def test_a_command_that_nobody_handles_is_refused() -> None:
    with pytest.raises(BadInput, match="no actor of this shop handles Unowned"):
        ROUTES.owner(Unowned)


def test_storing_a_command_that_nobody_handles_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no actor handles Unowned"):
        ROUTES.subscribers(Unowned)


def test_a_command_has_one_owner() -> None:
    class Rival(Actor):
        @turn
        async def add(self, asks: Sequence[Add]) -> Sequence[str]:
            raise NotImplementedError

    with pytest.raises(TypeError, match="Add is handled by recorder and by rival: a command has one owner"):
        Routes([Recorder, Rival])


def test_an_actor_that_is_spoken_to_by_nobody_is_fine() -> None:
    class Loner(Actor):
        pass

    routes = Routes([Loner, Bell])
    with pytest.raises(BadInput, match="loner does not know the message 'Add'"):
        routes.decode("loner", "Add", "{}")


def test_a_stored_message_is_read_as_its_subscriber_knows_it() -> None:
    body = '{"type":"Rang","key":"k","what":"x"}'
    assert ROUTES.decode("recorder", "Rang", body) == Rang(key="k", what="x")
    with pytest.raises(BadInput, match="bell does not know the message 'Rang'"):
        ROUTES.decode("bell", "Rang", body)


async def test_asking_for_what_nobody_handles_is_bad_input(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Recorder()) as bus:
        with pytest.raises(BadInput):
            await bus.ask(Unowned(key="k"))
        with pytest.raises(BadInput):
            bus.tell(Unowned(key="k"))


async def test_an_owner_that_is_not_hosted_here_is_unavailable(database: Database, clock: ManualClock) -> None:
    bus = LocalBus(routes=ROUTES, database=database, clock=clock, settings=settings())
    with pytest.raises(Unavailable, match="recorder is unavailable: it is not hosted in this process"):
        await bus.ask(Add(key="k"))
