"""Redirects: no circles, no hosts by accident; against a walk that knows nothing of rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.catalog.redirect_rules import lookups, normal, refusal, sort_redirects
from bus.messages.navigation import MOST_HOPS, Redirect

PATHS = [f"/{letter}" for letter in "abcdef"]
REDIRECTS = st.builds(Redirect, path=st.sampled_from(PATHS), target=st.sampled_from([*PATHS, "/served", "https://x.y"]))


@pytest.mark.parametrize("target", ["/mugs", "/a?b=c#d", "https://example.com", "http://a.example:8080/a", "/Tasse ü"])
def test_a_path_or_an_address_is_a_target(target: str) -> None:
    assert refusal(Redirect(path="/old", target=target)) is None


@pytest.mark.parametrize(
    "target",
    ["", "mugs", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https:/evil", "https://a@b", "/a\nb",
     "ftp://a", "https://", "/" + "a" * 1000, "https://[", "/\u202ea"],
)  # fmt: skip
def test_what_may_be_another_host_by_accident_is_refused(target: str) -> None:
    assert "target" in (refusal(Redirect(path="/old", target=target)) or "")


@pytest.mark.parametrize("path", ["", "old", "/", "//", "/\n", "/" + "a" * 1000, "/\0"])
def test_a_path_that_can_not_be_asked_for_is_refused(path: str) -> None:
    assert "path" in (refusal(Redirect(path=path, target="/new")) or "")


def test_what_is_gone_has_no_target() -> None:
    assert refusal(Redirect(path="/old", target="", code=410)) is None
    assert refusal(Redirect(path="/old", target="/new", code=410)) is not None


def test_a_path_is_looked_up_as_it_is_kept() -> None:
    assert normal("/a%20b/") == normal("/a b") == "/a b"
    assert lookups("/index.php", "id=7") == ("/index.php?id=7", "/index.php")
    assert lookups("/T%C3%BCr/", "") == ("/Tür",)
    assert lookups("/%61%00/", "") == ("/%61%00",)
    assert normal("/index.php?id=7") in lookups("/index.php", "id=7")


def test_a_path_is_named_once() -> None:
    good, refused = sort_redirects([Redirect(path="/a", target="/b"), Redirect(path="/a", target="/c")], {})

    assert [each.target for each in good] == ["/b"]
    assert refused == [(1, "path: /a is named twice")]


def test_a_way_of_ten_redirects_is_the_longest() -> None:
    def chain(length: int) -> list[Redirect]:
        return [Redirect(path=f"/{n}", target=f"/{n + 1}") for n in range(length)]

    assert sort_redirects(chain(MOST_HOPS), {})[1] == []
    assert [place for place, _ in sort_redirects(chain(MOST_HOPS + 1), {})[1]] == [0]


def test_a_circle_through_a_query_is_one() -> None:
    there = {"/b": Redirect(path="/b", target="/a")}

    _, refused = sort_redirects([Redirect(path="/a", target="/b?x=1")], there)

    assert refused == [(0, "path: /a -> /b -> /a is a circle")]


@given(st.lists(REDIRECTS, max_size=6), st.lists(REDIRECTS, max_size=6))
def test_whatever_is_written_nobody_walks_in_a_circle(first: list[Redirect], then: list[Redirect]) -> None:
    kept: dict[str, Redirect] = {}
    for asked in (first, then):
        good, refused = sort_redirects(asked, kept)
        assert len(good) + len(refused) == len(asked)
        kept |= {each.path: each for each in good}

    for start in kept:
        place, steps = start, 0
        while place in kept:
            place, steps = kept[place].target, steps + 1
            assert steps <= len(PATHS)


@given(st.lists(REDIRECTS, max_size=6, unique_by=lambda each: each.path))
def test_nothing_is_refused_without_a_circle(asked: list[Redirect]) -> None:
    targets = {each.path: each.target for each in asked}

    def walks_round(path: str) -> bool:
        for _ in range(len(PATHS) + 1):
            if path not in targets:
                return False
            path = targets[path]
        return True

    _, refused = sort_redirects(asked, {})

    assert {asked[place].path for place, _ in refused} == {path for path in targets if walks_round(path)}
