"""docs/personal-data.md says what the domains declare."""

from tools.persons_page import PAGE, text


def test_the_page_is_as_make_docs_writes_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "run `make docs`"
