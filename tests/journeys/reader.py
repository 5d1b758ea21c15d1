"""A reader of the shop's pages without scripts: follows links, fills in forms by what they say, keeps cookies."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

from testkit import ShopUnderTest

_MOST_REDIRECTS = 5


@dataclass
class Form:
    """A form as it stands in a page: its fields with their values, and the buttons by their data-testid."""

    name: str
    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # Name, value, and another action.


@dataclass
class Page:
    """A page that was answered, after redirects."""

    status: int
    path: str
    headers: dict[str, str]
    text: str
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)  # The h1.
    alerts: list[str] = field(default_factory=list)
    title: str = ""

    def form(self, name: str) -> Form:
        """The form with this data-testid, or action."""
        return next(each for each in self.forms if name in (each.name, each.action))


class Reader:
    """Somebody with a browser that runs no scripts."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, language: str = "en") -> None:
        self.shop = shop
        self.http = http
        self.language = language
        self.cookies: dict[str, str] = {}

    async def get(self, path: str) -> Page:
        return await self._ask("GET", path, None)

    async def submit(self, page: Page, form: str, button: str = "", **typed: str) -> Page:
        """Fill in a form of a page and send it, as a browser does: with what its fields have, and its button."""
        found = page.form(form)
        action, fields = found.action, [pair for pair in found.fields if pair[0] not in typed]
        fields += list(typed.items())
        if button:
            name, value, other = found.buttons[button]
            action = other or action
            fields += [(name, value)] if name else []
        path = urljoin(page.path, action)
        if found.method == "get":
            return await self._ask("GET", f"{urlsplit(path).path}?{urlencode(fields)}", None)
        return await self._ask("POST", path, urlencode(fields).encode())

    async def _ask(self, method: str, path: str, body: bytes | None) -> Page:
        for _ in range(_MOST_REDIRECTS):
            headers = {
                "Accept": "text/html",
                "Accept-Language": self.language,
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                "Sec-Fetch-Site": "same-origin",
                "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0",
            }
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            url = self.shop.url + path
            async with self.http.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
                text = (await answer.read()).decode(errors="replace")
                self._keep(answer.headers.getall("Set-Cookie", []))
                if answer.status not in (301, 302, 303, 307, 308):
                    return _read(Page(answer.status, path, dict(answer.headers), text))
                method, body = "GET", None
                path = urljoin(path, answer.headers["Location"])
        raise AssertionError(f"too many redirects, the last to {path}")

    def _keep(self, headers: list[str]) -> None:
        for header in headers:
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def _read(page: Page) -> Page:
    reading = _Reading(page)
    reading.feed(page.text)
    reading.close()
    return page


class _Reading(HTMLParser):
    """Reads what the tests want to know of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._form: Form | None = None
        self._select: str | None = None
        self._is_multiple = False
        self._area: tuple[str, list[str]] | None = None  # A field of several lines, and what it has.
        self._into: list[str] | None = None  # Where text goes that comes now.
        self._into_tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            name, method = given.get("data-testid", ""), given.get("method", "get")
            self._form = Form(name, method, given.get("action", ""))
            self._page.forms.append(self._form)
        elif tag == "a" and "href" in given:
            self._page.links.append(given["href"])
        elif tag == "h1":
            self._collect(self._page.headings, tag)
        elif tag == "title":
            self._collect([], tag)
        elif given.get("role") == "alert":
            self._collect(self._page.alerts, tag)
        if self._form is not None:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "button":
            self._form.buttons[given.get("data-testid", "")] = name, given.get("value", ""), given.get("formaction", "")
        elif tag == "textarea":
            self._area = name, []
        elif tag == "select":
            self._select, self._is_multiple = name, "multiple" in given
        elif tag == "option" and self._select is not None and self._is_multiple:
            if "selected" in given:
                self._form.fields.append((self._select, given.get("value", "")))
        elif tag == "option" and self._select is not None:
            known = [each for each, _ in self._form.fields]
            if "selected" in given and self._select in known:
                self._form.fields = [pair for pair in self._form.fields if pair[0] != self._select]
                known.remove(self._select)
            if self._select not in known:
                self._form.fields.append((self._select, given.get("value", "")))
        elif tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given):
            self._form.fields.append((name, given.get("value", "on" if kind in ("checkbox", "radio") else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area is not None and self._form is not None:
            self._form.fields.append((self._area[0], "".join(self._area[1]).removeprefix("\n")))
            self._area = None
        if tag == self._into_tag and self._into is not None:
            if tag == "title":
                self._page.title = " ".join(self._into[-1].split())
            self._into[-1] = " ".join(self._into[-1].split())
            self._into, self._into_tag = None, ""

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)
        elif self._into is not None:
            self._into[-1] += data

    def _collect(self, into: list[str], tag: str) -> None:
        into.append("")
        self._into, self._into_tag = into, tag
