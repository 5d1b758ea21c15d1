"""Search words: what buyers look for and don't find, words that mean the same, arrangements for a query."""

from collections.abc import Sequence
from typing import Final

from litestar import Response, get, post

from gateway.api.search import CompoundList, SearchRuleList, SynonymList, TermList
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.typed import words_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

_API: Final = "/admin/api/search"
_ONE_WAY: Final = ">"


@get("/admin/search-words", include_in_schema=False)
async def search_words(request: Http) -> Response[bytes]:
    """Show the words of the last thirty days, and what staff have set."""
    return await _show(request)


async def _show(request: Http, *, status: int = 200, problem: str = "", typed: str | None = None) -> Response[bytes]:
    synonyms = (await ask(request, "GET", f"{_API}/synonyms")).read(SynonymList).items
    rules = (await ask(request, "GET", f"{_API}/rules")).read(SearchRuleList).items
    return await screen(
        request,
        "search_words.html",
        status=status,
        problem=problem,
        typed=typed,
        in_vain=(await ask(request, "GET", f"{_API}/terms", query="in_vain=true&limit=30")).read(TermList).items,
        frequent=(await ask(request, "GET", f"{_API}/terms", query="limit=30")).read(TermList).items,
        synonyms="\n".join(_line(each.words, is_one_way=each.is_one_way) for each in synonyms),
        compounds="\n".join((await ask(request, "GET", f"{_API}/compounds")).read(CompoundList).items),
        rules="\n".join(_rule(each.query, each.pinned, each.buried, each.redirect) for each in rules),
    )


@post("/admin/search-words", include_in_schema=False, guards=[own_forms_only])
async def save(request: Http) -> Response[bytes]:
    """Set all words that mean the same, all parts of compounds, or all arrangements: one a line."""
    form = await read_form(request)
    kind, text = form.get("do"), form.get("lines")
    try:
        await ask(request, "PUT", f"{_API}/{_path(kind)}", body={"items": items_of(kind, text)})
    except Refused as refused:
        if refused.is_denied:
            raise
        said = sentence_of(language_asked(request), refused)
        return await _show(request, status=refused.status, problem=said, typed=text)
    except Problem as problem:
        said = language_asked(request).say("Please look at this field again.")
        return await _show(request, status=problem.status, problem=said, typed=text)
    return see("/admin/search-words")


def _path(kind: str) -> str:
    if kind not in ("synonyms", "compounds", "rules"):
        raise Problem(422, "invalid", "do: there is no such list", field="do")
    return kind


def items_of(kind: str, text: str) -> Sequence[object]:
    """Read lines as the API takes them: `sofa, couch`, `wasser`, or `sale -> /c/sale` and `mug: MUG, CUP`.

    Raises:
        Problem: A line can't be read.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "compounds":
        return lines
    return [_synonyms(line) if kind == "synonyms" else _arranged(line) for line in lines]


def _synonyms(line: str) -> dict[str, object]:
    first, one_way, others = line.partition(_ONE_WAY)
    words = [*words_of(first), *words_of(others)]
    if len(words) < 2:
        raise Problem(422, "invalid", f"lines: {line[:60]}: two words or more", field="lines")
    return {"words": words, "is_one_way": bool(one_way)}


def _arranged(line: str) -> dict[str, object]:
    query, leads, path = line.partition("->")
    if leads:
        return {"query": query.strip(), "redirect": path.strip()}
    query, _, ids = line.partition(":")
    named = words_of(ids)
    if not named:
        raise Problem(422, "invalid", f"lines: {line[:60]}: name products, or where to go", field="lines")
    pinned = [each for each in named if not each.startswith("-")]
    return {"query": query.strip(), "pinned": pinned, "buried": [each[1:] for each in named if each.startswith("-")]}


def _line(words: Sequence[str], *, is_one_way: bool) -> str:
    first, *others = words
    return f"{first} {_ONE_WAY} {', '.join(others)}" if is_one_way else ", ".join(words)


def _rule(query: str, pinned: Sequence[str], buried: Sequence[str], redirect: str) -> str:
    if redirect:
        return f"{query} -> {redirect}"
    return f"{query}: {', '.join([*pinned, *(f'-{each}' for each in buried)])}"


PART = PortalPart(
    screens=[Screen(path="/admin/search-words", title="Search words", group="goods", key="read_content")],
    routes=[search_words, save],
)
