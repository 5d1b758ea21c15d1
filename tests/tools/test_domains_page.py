"""docs/domains.md says what the code does."""

from tools.domains_page import PAGE, publishers, text


def test_the_domains_are_as_make_docs_writes_them() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "make docs"


def test_every_event_has_a_domain_that_publishes_it() -> None:
    assert [event.__name__ for event, names in publishers().items() if not names] == []


def test_an_event_is_defined_by_the_domain_that_publishes_it() -> None:
    shared = {"BooksRepaired"}  # Of each domain with counters that can be repaired.
    own = {
        event.__name__: [f"bus.messages.{name}" for name in names]
        for event, names in publishers().items()
        if event.__name__ not in shared
    }
    files = {event.__name__: [event.__module__] for event in publishers()}

    assert own == {name: file for name, file in files.items() if name not in shared}
