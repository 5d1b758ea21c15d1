"""The program as people meet it: it starts, tells, refuses bad settings in a line, and stops."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

from cli.scripted_buyer import Tour
from testkit.people import DELIVERY
from testkit.programs import at_work, free_port
from tests.journeys.process import EVENTUALLY_S, ROOT, STOP_S, Program, end, program, servers, work_folder

# --- Starting and stopping ---


async def test_it_starts_sells_and_stops_and_the_second_start_finds_everything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with program() as shop:
        first_s = await shop.start()
        assert f"ShopFlow is ready: http://127.0.0.1:{shop.port}" in shop.lines
        assert [line for line in shop.lines if "sample goods" in line]
        assert len(shop.lines) <= 8  # Of ten that `make run` prints; make has the others (tests/test_make.py).
        assert (await shop.ask("GET", "/health/ready")).status == 200
        assert (await shop.ask("GET", f"{shop.operations}/health/ready")).status == 200
        assert b"shopflow_turns_total{" in (await shop.ask("GET", f"{shop.operations}/metrics")).body
        assert (await shop.ask("GET", "/metrics")).status == 404
        cart = await shop.cart_with("MUG-BLUE", 3)
        stop_s = await shop.stop(signal.SIGTERM)
        assert at_work(shop.data) == []

        second_s = await shop.start()
        assert not [line for line in shop.lines if "sample goods" in line]
        assert (await shop.ask("GET", f"/carts/{cart}")).body["lines"][0]["quantity"] == 3
        interrupt_s = await shop.stop(signal.SIGINT)
        assert at_work(shop.data) == []
        assert shop.errors == []

    with capsys.disabled():
        print(f"\nfirst start {first_s:.1f} s, stop {stop_s:.1f} s, second {second_s:.1f} s, stop {interrupt_s:.1f} s")  # noqa: T201


async def test_a_shop_goes_on_when_nobody_reads_its_output_any_more() -> None:
    operations = free_port()
    async with program(SHOPFLOW_LOG="debug", SHOPFLOW_OPERATIONS_PORT=str(operations)) as shop:
        reading, writing = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "run.py"), cwd=ROOT, env=shop.environment(), stdout=writing, stderr=writing
        )
        try:
            os.close(writing)
            shop.port = await asyncio.to_thread(_port_of, reading)  # Closes the pipe when it has been told.
            token = (await shop.run("token")).out.strip()  # Its log is at debug, too.
            key = {"Authorization": f"Bearer {token}"}
            away = {"action": "fail", "status": 503, "count": 2}  # Each is logged before it is retried.
            assert (await shop.ask("PUT", f"{await shop.sandbox()}/sandbox/faults/carrier", away)).status == 200

            await Tour(shop.url, key["Authorization"].split()[1], lambda _: None).walk()

            lost = (await shop.ask("GET", f"http://127.0.0.1:{operations}/metrics")).body
            assert float(re.findall(rb"^shopflow_log_lines_lost_total (.*)$", lost, re.MULTILINE)[0]) > 0
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(STOP_S):
                assert await process.wait() == 0
            assert at_work(shop.data) == []
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def _port_of(reading: int) -> int:
    with os.fdopen(reading) as lines:
        return next(int(line.rpartition(":")[2]) for line in lines if "ShopFlow is ready" in line)


async def test_commands_find_the_shop_of_their_folder_whatever_its_port() -> None:
    async with program() as shop:
        await shop.start()
        shop.port = 0  # As in the environment of somebody who did not choose one.
        assert "Delivered" in await shop.good("tour")


@pytest.mark.parametrize(
    "command", [["audit"], ["tour"], ["token"], ["tokens"], ["dead-letters"], ["export", "out.csv"]]
)
async def test_a_command_makes_no_shop_where_there_is_none(command: list[str]) -> None:
    async with program() as shop:
        done = await shop.run(*command)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"ShopFlow: SHOPFLOW_DATA: there is no shop in {shop.data}")
        assert not (shop.data / "postgres").exists()


@pytest.mark.parametrize("asked", ["-h", "--help"])
async def test_help_is_where_people_look_for_it(asked: str) -> None:
    async with program() as shop:
        assert "Usage:" in await shop.good(asked)
        assert "Usage:" in await shop.good("dead-letters", "redrive", asked)


async def test_the_version_is_the_projects() -> None:
    async with program() as shop:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert await shop.good("--version") == f"ShopFlow {project['version']}\n"


async def test_it_stops_while_it_starts() -> None:
    async with program() as shop:
        await shop.spawn()
        await shop.says("Starting PostgreSQL")
        await shop.stop()
        assert at_work(shop.data) == []
        assert shop.errors == []

        assert "0 findings" in await shop.good("audit")  # What was left half done is no obstacle.


async def test_what_is_asked_when_it_is_told_to_stop_is_answered() -> None:
    async with program() as shop:
        await shop.start()
        cart = await shop.cart_with("MUG-BLUE")
        slow = {"delay_s": 0.3}
        assert (await shop.ask("PUT", f"{await shop.sandbox()}/sandbox/faults/stripe", slow)).status == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
        body = json.dumps(DELIVERY).encode()
        head = (
            f"POST /carts/{cart}/checkout HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nIdempotency-Key: under-way-1\r\nExpect: 100-continue\r\n\r\n"
        )
        async with asyncio.timeout(EVENTUALLY_S):
            writer.write(head.encode())
            assert b" 100 " in await reader.readline()  # So it is being handled.
            assert await reader.readline() == b"\r\n"

            shop.process.send_signal(signal.SIGTERM)
            await shop.says("Stopping")
            writer.write(body)
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()

        assert answer.startswith(b"HTTP/1.1 201 "), answer
        assert b'"client_secret"' in answer
        assert await shop.ended() == 0
        assert shop.errors == []


async def test_tours_that_want_the_last_of_something_take_something_else() -> None:
    async with program() as shop:
        await shop.start()
        key = await shop.staff()
        products = (await shop.ask("GET", "/products?limit=100")).body["items"]
        wanted = next(product["id"] for product in products if product["available"] >= 2)
        skus = [sku["sku"] for sku in (await shop.ask("GET", f"/products/{wanted}")).body["skus"]]
        for sku, on_hand in zip(skus, [3, *[0] * len(skus)], strict=False):
            assert (await shop.ask("PUT", f"/admin/api/stock/{sku}", {"on_hand": on_hand}, **key)).status == 200

        tours = [Tour(shop.url, key["Authorization"].split()[1], lambda _: None).walk() for _ in range(4)]
        async with asyncio.timeout(30):
            orders = await asyncio.gather(*tours)

        assert {order.status for order in orders} == {"delivered"}
        await shop.stop()


async def test_two_programs_share_one_folder() -> None:
    async with program() as first:
        await first.start()
        before = servers(first.data)
        second = Program(first.data)
        try:
            await second.start()
            assert servers(first.data) == before
            await asyncio.gather(first.good("tour"), second.good("tour"))

            await first.stop()
            assert servers(first.data) == before
            await second.good("tour")
            assert "0 findings" in await second.good("audit")
            assert [mail["message_id"] for mail in await second.mails()].count("") == 0
            await second.stop()
        finally:
            await end(second)
        assert at_work(first.data) == []
        assert first.errors + second.errors == []


# --- Bad settings ---


async def refusal(data: Path, **settings: str) -> str:
    """Start it with a bad setting; gives the one line it says."""
    shop = Program(data, settings=settings)
    done = await shop.run()
    lines = done.err.splitlines()
    assert (done.code, len(lines)) == (2, 1), done
    assert lines[0].startswith("ShopFlow: ")
    assert at_work(data) == []
    return lines[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"SHOPFLOW_PORT": "abc"}, "SHOPFLOW_PORT: must be a whole number"),
        ({"SHOPFLOW_PORT": "65536"}, "SHOPFLOW_PORT: must be at most 65535"),
        ({"SHOPFLOW_HOST": "203.0.113.1"}, "SHOPFLOW_HOST"),
        ({"SHOPFLOW_OPERATIONS_PORT": "none of them"}, "SHOPFLOW_OPERATIONS_PORT: "),
        ({"SHOPFLOW_OPERATIONS_HOST": "203.0.113.1"}, "SHOPFLOW_OPERATIONS_HOST"),
        ({"SHOPFLOW_MASTER_KEY": "hunter2"}, "SHOPFLOW_MASTER_KEY: must be 32 bytes"),
        ({"STRIPE_SECRET_KEY": "sk_test_hunter2"}, "STRIPE_WEBHOOK_SECRET: missing"),
        ({"SMTP_URL": "hunter2"}, "SMTP_URL: must look like"),
        ({"SHOPFLOW_CURRENCY": "euro"}, "SHOPFLOW_CURRENCY: has not the right form"),
        ({"SHOPFLOW_CURRENCY": "XTS"}, "SHOPFLOW_CURRENCY: Stripe takes no payments in XTS"),
        ({"CARRIER_URL": "http://127.0.0.1:1"}, "CARRIER_WEBHOOK_SECRET: missing"),
        ({"SHOPFLOW_PAYMENT_WINDOW_S": "7200"}, "SHOPFLOW_PAYMENT_HOLD_S: must be longer"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_bad_setting_is_one_line_and_nothing_is_started(settings: dict[str, str], says: str) -> None:
    with work_folder() as data:
        line = await refusal(data, **settings)
        assert says in line
        assert "hunter2" not in line
        assert not (data / "postgres").exists()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"DATABASE_URL": "postgresql://shop:hunter2@127.0.0.1:1/shop"}, "DATABASE_URL: no PostgreSQL answers"),
        ({"DATABASE_URL": "hunter2"}, "DATABASE_URL: "),
        ({"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, "REDIS_URL: no Redis answers"),
        ({"REDIS_URL": "hunter2"}, "REDIS_URL: "),
    ],
    ids=["database away", "no database url", "redis away", "no redis url"],
)
async def test_a_service_that_can_not_be_reached_is_one_line(settings: dict[str, str], says: str) -> None:
    with work_folder() as data:
        line = await refusal(data, **settings)
        assert says in line
        assert "hunter2" not in line


async def test_a_data_folder_that_can_not_be_written_is_one_line() -> None:
    with work_folder() as folder:
        (folder / "file").touch()
        assert "SHOPFLOW_DATA: can't write to" in await refusal(folder / "file" / "data")


async def test_a_port_that_is_taken_is_one_line() -> None:
    with work_folder() as data, socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert f"SHOPFLOW_PORT: can't listen on 127.0.0.1:{port}" in await refusal(data, SHOPFLOW_PORT=port)


async def test_a_port_for_operations_that_was_asked_for_and_is_taken_is_one_line() -> None:
    with work_folder() as data, socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        line = await refusal(data, SHOPFLOW_OPERATIONS_PORT=port)
        assert f"SHOPFLOW_OPERATIONS_PORT: can't listen on 127.0.0.1:{port}" in line


async def test_a_port_is_taken_as_soon_as_a_shop_starts() -> None:
    async with program() as first:
        with socket.create_server(("127.0.0.1", 0)) as free:
            first.port = free.getsockname()[1]
        await first.spawn()
        await first.says("Starting PostgreSQL")
        with work_folder() as data:
            assert "SHOPFLOW_PORT: can't listen" in await refusal(data, SHOPFLOW_PORT=str(first.port))
