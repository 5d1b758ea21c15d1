"""The shell beside the shop."""

import asyncio

import pytest

from tools.repl import Console


async def doubled(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def test_what_is_typed_may_await() -> None:
    console = Console({"doubled": doubled}, asyncio.get_running_loop())

    await asyncio.to_thread(console.push, "answer = await doubled(21)")

    assert console.locals["answer"] == 42


async def test_a_mistake_is_printed_and_the_shell_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console({}, asyncio.get_running_loop())

    await asyncio.to_thread(console.push, "nonsense")
    await asyncio.to_thread(console.push, "answer = 42")

    assert "NameError" in capsys.readouterr().err
    assert console.locals["answer"] == 42
