"""Pages of other origins may use the API if they are listed."""

import pytest

from gateway.cors import with_cors
from tests.gateway.asgi import answering, ask

SHOP = answering(b"{}", content_type="application/json")
LISTED = ("https://pages.example", "http://localhost:3000")
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}


@pytest.mark.parametrize("origin", [*LISTED, "https://pages.example:443"])
async def test_a_listed_origin_may_read_answers(origin: str) -> None:
    answer = await ask(with_cors(SHOP, LISTED), headers={"Origin": origin})

    assert answer.headers["access-control-allow-origin"] == origin
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://pages.example", "null", "https://pages.example.evil"]
)
async def test_others_may_not(origin: str) -> None:
    app = with_cors(SHOP, LISTED)

    for answer in (
        await ask(app, headers={"Origin": origin}),
        await ask(app, "OPTIONS", headers={"Origin": origin} | PREFLIGHT),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["vary"] == "Origin"  # Who is listed gets another answer.


async def test_a_browser_that_asks_first_is_told_what_it_may_send() -> None:
    answer = await ask(with_cors(SHOP, LISTED), "OPTIONS", headers={"Origin": LISTED[0]} | PREFLIGHT)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == LISTED[0]
    assert {"PUT", "HEAD"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert {"Idempotency-Key", "Authorization"} <= set(answer.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


async def test_without_a_list_there_is_nothing_to_vary_by() -> None:
    answer = await ask(with_cors(SHOP, ()), headers={"Origin": LISTED[0]})

    assert set(answer.headers) == {"content-type"}
