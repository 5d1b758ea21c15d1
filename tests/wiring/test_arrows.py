"""The arrows of the shop are those of its code."""

from bus.routes import Routes
from engine.message import Event
from gateway.arrows import arrows_of, publishers_of
from tools.domains_page import publishers
from wiring.domains import ACTORS

ROUTES = Routes(ACTORS)


def test_each_event_is_published_by_the_domains_whose_code_makes_it() -> None:
    for event, domains in publishers().items():
        assert sorted(publishers_of(event)) == sorted(domains), event


def test_an_arrow_leads_to_each_listener() -> None:
    names = {actor.name for actor in ACTORS}
    arrows = arrows_of(ROUTES)

    assert {(arrow.event, arrow.subscriber) for arrow in arrows} == {
        (kind.__name__, name)
        for kind in ROUTES.message_types()
        if issubclass(kind, Event)
        for name in ROUTES.subscribers(kind)
    }
    assert {arrow.publisher for arrow in arrows} | {arrow.subscriber for arrow in arrows} <= names
    assert ("order", "OrderCreated", "warehouse") in arrows
