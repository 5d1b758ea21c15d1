"""How a refusal is printed."""

import pytest
import typer

from bus.sqs.client import MissingQueue
from cli.running import run
from wiring.domains import ShopSettings


def test_a_missing_queue_is_named_with_the_command_that_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    async def main(_: ShopSettings) -> None:
        raise MissingQueue("shop-order.fifo")

    with pytest.raises(typer.Exit) as exit_:
        run(main)

    assert exit_.value.exit_code == 2
    assert capsys.readouterr().err == (
        "ShopFlow: SQS_PREFIX: there is no queue shop-order.fifo: `run.py queues create` makes all\n"
    )
