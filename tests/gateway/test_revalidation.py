"""Answers for everybody are revalidated, and compressed; all others are left alone."""

import gzip

import pytest

from gateway.revalidation import with_revalidation
from tests.gateway.asgi import answering, ask

LONG = b'{"items": "mug lamp book"}' * 100
GOODS = with_revalidation(answering(LONG, content_type="application/json", cache_control="no-cache"))


async def test_an_answer_that_is_known_is_not_sent_again() -> None:
    first = await ask(GOODS)
    again = await ask(GOODS, headers={"If-None-Match": first.headers["etag"]})

    assert (first.status, first.body) == (200, LONG)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "content-length" not in again.headers
    assert again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("known", ['"other"', 'W/"other", "more"', "nonsense"])
async def test_another_answer_is_sent(known: str) -> None:
    assert (await ask(GOODS, headers={"If-None-Match": known})).status == 200


async def test_any_of_several_known_answers_will_do() -> None:
    etag = (await ask(GOODS)).headers["etag"]

    assert (await ask(GOODS, headers={"If-None-Match": f'"other", {etag.removeprefix("W/")}'})).status == 304
    assert (await ask(GOODS, headers={"If-None-Match": "*"})).status == 304


async def test_a_long_text_is_compressed_for_those_who_take_it() -> None:
    packed, plain = await ask(GOODS, headers={"Accept-Encoding": "gzip, br"}), await ask(GOODS)

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == LONG
    assert int(packed.headers["content-length"]) == len(packed.body) < len(LONG) / 4
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding, Accept-Language"
    assert packed.headers["etag"] == plain.headers["etag"]  # Weak: the content is the same.
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("accepted", ["gzip;q=0", "gzip; q=0.0, br", "br"])
async def test_nobody_gets_it_compressed_who_does_not_want_it(accepted: str) -> None:
    answer = await ask(GOODS, headers={"Accept-Encoding": accepted})

    assert answer.body == LONG
    assert "content-encoding" not in answer.headers


async def test_what_may_not_be_stored_is_left_alone() -> None:
    for private in (answering(LONG, content_type="application/json", cache_control="no-store"), answering(LONG)):
        answer = await ask(with_revalidation(private), headers={"Accept-Encoding": "gzip", "If-None-Match": "*"})

        assert (answer.status, answer.body) == (200, LONG)
        assert not {"etag", "content-encoding"} & set(answer.headers)


async def test_what_is_short_or_no_text_is_not_compressed() -> None:
    for app in (
        answering(b"{}", content_type="application/json", cache_control="no-cache"),
        answering(LONG, content_type="image/png", cache_control="no-cache"),
    ):
        answer = await ask(with_revalidation(app), headers={"Accept-Encoding": "gzip"})

        assert "content-encoding" not in answer.headers
        assert answer.headers["etag"]


async def test_a_picture_has_no_language() -> None:
    picture = with_revalidation(answering(LONG, content_type="image/png", cache_control="no-cache"))

    assert (await ask(picture)).headers["vary"] == "Accept-Encoding"


async def test_a_route_names_its_own_answer_and_a_file_is_named_by_its_content() -> None:
    page = with_revalidation(answering(LONG, content_type="application/json", cache_control="no-cache", etag='W/"7"'))
    file = with_revalidation(answering(LONG, content_type="text/css", cache_control="no-cache", etag='"installed"'))

    assert (await ask(page)).headers["etag"] == 'W/"7"'
    assert (await ask(page, headers={"If-None-Match": '"7"'})).status == 304
    assert (await ask(file)).headers["etag"] == (await ask(GOODS)).headers["etag"]  # Of the same content.


async def test_a_long_page_that_is_sent_as_it_comes_has_its_languages() -> None:
    page = answering(b" " * 1_200_000, content_type="application/json", cache_control="public, s-maxage=30")

    assert (await ask(with_revalidation(page))).headers["vary"] == "Accept-Encoding, Accept-Language"


async def test_a_very_long_answer_is_sent_as_it_comes() -> None:
    huge = b"x" * 1_200_000
    answer = await ask(with_revalidation(answering(huge, content_type="text/plain", cache_control="no-cache")))

    assert answer.body == huge
    assert "etag" not in answer.headers


async def test_a_refusal_has_no_etag() -> None:
    app = with_revalidation(answering(LONG, status=404, content_type="application/json", cache_control="no-cache"))

    assert "etag" not in (await ask(app)).headers
