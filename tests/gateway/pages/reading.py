"""Reading pages as readers and search engines do: for tests of the HTML that the server sends."""

import json
from html.parser import HTMLParser
from typing import Any

_VOID = {"link", "meta", "img", "input", "source", "br", "hr"}


class ReadPage(HTMLParser):
    """A page, read: its elements by tag, its texts, its links and what it says of itself to search engines."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []  # The tags around a text, and the text.
        self._open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.unclosed.append(f"{tag} ends in {self._open[-1:]}")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))

    def text(self, tag: str) -> list[str]:
        """The texts in elements of this tag, without empty ones."""
        return [text.strip() for tags, text in self.texts if tag in tags and text.strip()]

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of elements of this tag with these attributes; `data_x` is `data-x`."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [each for name, each in self.elements if name == tag and wanted.items() <= each.items()]

    @property
    def links(self) -> list[str]:
        """Paths of this shop that its links and readable forms lead to."""
        found = [each.get("href", "") for each in self.all("a")]
        found += [each.get("action", "") for each in self.all("form") if each.get("method", "get") == "get"]
        return [href for href in found if href.startswith("/")]

    @property
    def data(self) -> list[dict[str, Any]]:
        """Its structured data."""
        return [json.loads(text) for tags, text in self.texts if tags[-1:] == ("script",) and "schema.org" in text]

    @property
    def canonical(self) -> str:
        (found,) = self.all("link", rel="canonical")
        return found["href"]
