"""A tour that can't begin, or does not end well, leaves nothing open behind it."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web
from rich.console import Console
from typer.testing import CliRunner

from bus.messages.staff import FindToken, HolderFound, ListTokens, NobodyThere
from cli import running
from cli.app import app
from cli.running import run
from cli.scripted_buyer import Tour, TourFailed
from cli.tour import _token
from engine.tokens import hash_of_token
from testkit import ShopUnderTest
from wiring.domains import ShopSettings
from wiring.shop import Shop


@pytest.mark.parametrize("url", ["nonsense", "127.0.0.1:8000", "ftp://shop.test", "http://", "http://a b"])
def test_what_is_no_url_is_refused_before_anything_is_done(url: str) -> None:
    result = CliRunner().invoke(app, ["tour", "--url", url])

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"ShopFlow: --url: {url} is no URL of a shop, which is such as http://127.0.0.1:8000\n"


async def test_another_program_is_no_shop(other_program: str) -> None:
    with pytest.raises(TourFailed, match=f"^no ShopFlow answers at {other_program}, but another program$"):
        await Tour(other_program, "", lambda _: None).walk()


@pytest.fixture
async def other_program() -> AsyncIterator[str]:
    """The URL of a program that is no shop."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_its_token_is_valid_while_it_walks_and_revoked_after_a_failure(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = shop.inside

    @asynccontextmanager
    async def this_shop(_: ShopSettings) -> AsyncIterator[Shop]:
        yield inside

    monkeypatch.setattr("cli.tour.existing_shop", this_shop)

    with suppress(TourFailed):
        async with _token(ShopSettings()) as token:
            assert isinstance(await shop.ask(FindToken(hash=hash_of_token(token))), HolderFound)
            raise TourFailed("it was closed")

    assert await shop.ask(FindToken(hash=hash_of_token(token))) == NobodyThere()
    known = [each for each in (await shop.ask(ListTokens())).tokens if each.label == "tour"]
    assert [each.revoked_at is not None for each in known] == [True]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_is_gone_after_a_failure_and_is_not_drawn_into_a_pipe(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(running, "out", Console(file=written, force_terminal=is_terminal, width=60))

    with suppress(TourFailed), running.progress_bar() as progress:
        progress.add_task("Beginning", total=8)
        raise TourFailed("no")

    assert ("Beginning" in written.getvalue()) == is_terminal
    assert not is_terminal or written.getvalue().rstrip().endswith("\x1b[2K")  # The line is erased.


@pytest.mark.parametrize(
    ("is_terminal", "is_service", "wanted", "level"),
    [
        (True, False, "info", "warning"), (False, False, "info", "info"), (True, True, "info", "info"),
        (True, False, "debug", "debug"), (True, False, "error", "error"),
    ],
)  # fmt: skip
def test_a_command_that_answers_logs_only_warnings_to_a_person(
    is_terminal: bool, is_service: bool, wanted: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = list[str]()
    monkeypatch.setenv("SHOPFLOW_LOG", wanted)
    monkeypatch.setattr("cli.running.sys.stderr.isatty", lambda: is_terminal)
    monkeypatch.setattr("cli.running.configure_logging", lambda level, **_: levels.append(level))

    async def main(_: ShopSettings) -> None: ...

    run(main, is_service=is_service)

    assert levels == [level]
