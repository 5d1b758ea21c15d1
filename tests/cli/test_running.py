"""How a refusal is printed."""

import logging

import pytest
import structlog
import typer

from bus.sqs.client import MissingQueue
from cli import running
from cli.running import run
from engine.telemetry import configure_logging, logger
from wiring.domains import ShopSettings


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://shop:hush@db:5432/shop",
        "postgresql://db/shop?user=shop&password=hush",
        "postgresql://db/shop?password=hush&sslmode=require",
        "could not connect to 'postgresql://db/shop?sslmode=require&sslpassword=hush'",
        "rediss://db/0?PASSWORD=hush",
        "smtp://shop:hush@mail:587",
        "no cart cart_abcdhush",
    ],
)
def test_no_password_or_key_is_in_a_line_of_the_log(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level
    configure_logging("info", as_json=True, keys=running._KEYS)
    try:
        logger().warning(text, url=text)
    finally:
        structlog.configure(**before[0])
        logging.root.handlers[:], logging.root.level = before[1:]

    written = capsys.readouterr().err
    assert written.count("...") == 2
    assert "hush" not in written
    assert ("sslmode=require" in written) is ("sslmode=require" in text)


def test_a_missing_queue_is_named_with_the_command_that_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    async def main(_: ShopSettings) -> None:
        raise MissingQueue("shop-order.fifo")

    with pytest.raises(typer.Exit) as exit_:
        run(main)

    assert exit_.value.exit_code == 2
    assert capsys.readouterr().err == (
        "ShopFlow: SQS_PREFIX: there is no queue shop-order.fifo: `run.py queues create` makes all\n"
    )
