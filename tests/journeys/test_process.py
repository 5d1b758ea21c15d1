"""The program as people meet it: it starts, tells, refuses bad settings in a line, does its commands, and stops."""

import asyncio
import csv
import json
import os
import re
import signal
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from bus.messages import words
from cli.goods import SAMPLE
from cli.scripted_buyer import Tour
from testkit.people import DELIVERY
from testkit.programs import at_work, free_port
from tests.journeys.process import EVENTUALLY_S, ROOT, STOP_S, Program, end, program, servers, work_folder
from tests.test_tidy import LISTENERS
from tests.waiting import eventually

# What the buyer of a tour is written about.
MAILS = {"OrderCreated", "PaymentReceived", "OrderFulfilled", "OrderShipped", "OrderDelivered"}


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Program]:
    """A shop that runs, for tests that leave it running."""
    async with program() as made:
        await made.start()
        yield made


async def staff(shop: Program) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await shop.good('token')).strip()}"}


async def cart_with(shop: Program, sku: str, quantity: int = 1) -> str:
    cart = (await shop.ask("POST", "/carts")).body["id"]
    assert (await shop.ask("PUT", f"/carts/{cart}/lines/{sku}", {"quantity": quantity})).status == 200
    return str(cart)


# --- Starting and stopping ---


async def test_it_starts_sells_and_stops_and_the_second_start_finds_everything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with program() as shop:
        first_s = await shop.start()
        assert f"ShopFlow is ready: http://127.0.0.1:{shop.port}" in shop.lines
        assert [line for line in shop.lines if "sample goods" in line]
        assert (await shop.ask("GET", "/health/ready")).status == 200
        assert (await shop.ask("GET", f"{shop.operations}/health/ready")).status == 200
        assert b"shopflow_turns_total{" in (await shop.ask("GET", f"{shop.operations}/metrics")).body
        assert (await shop.ask("GET", "/metrics")).status == 404
        cart = await cart_with(shop, "MUG-BLUE", 3)
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
        cart = await cart_with(shop, "MUG-BLUE")
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
        key = await staff(shop)
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


# --- Commands beside a running shop ---


async def test_a_tour_prints_its_timeline_and_every_mail_arrives_once(running: Program) -> None:
    before = len(await running.mails())
    told = await running.good("tour")

    number = told.partition("Order ")[2].partition(":")[0]
    assert f"Order {number}: Delivered" in told
    for event in (*MAILS, "PickingStarted"):
        assert words.event(event) in told

    async def mails_of_it() -> list[dict[str, str]]:
        mails = await running.mails()
        about_it = [mail for mail in mails if number in mail["subject"] + mail["text"]]
        return about_it if len(mails) >= before + len(MAILS) else []

    mails = await eventually(mails_of_it)
    assert len(mails) == len({mail["message_id"] for mail in mails}) == len(MAILS)
    assert {mail["to"][0] for mail in mails} == {"ada@example.com"}
    assert "0 findings" in await running.good("audit")


async def test_a_tour_without_a_shop_says_so_at_once() -> None:
    async with program() as shop:
        await shop.start()
        await shop.stop()
        done = await shop.run("tour")
    assert done.code == 1
    assert done.err == f"The tour ended early: no shop answers at {shop.url}: start one with `run.py`\n"


async def test_a_token_opens_what_is_for_staff(running: Program) -> None:
    assert (await running.ask("GET", "/admin/api/orders")).status == 401
    assert (await running.ask("GET", "/admin/api/orders", **await staff(running))).status == 200
    wrong = await running.run("token", "--role", "king")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)


async def test_a_token_is_listed_and_revoked(running: Program) -> None:
    token = (await running.good("token", "--label", "Ada")).strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert (await running.ask("GET", "/admin/api/orders", **headers)).status == 200
    listed = await running.good("tokens")
    token_id = next(line for line in listed.splitlines() if "Ada" in line).split()[1]

    assert await running.good("tokens", "revoke", token_id) == "1 revoked.\n"

    assert (await running.ask("GET", "/admin/api/orders", **headers)).status == 401
    assert "revoked" in next(line for line in (await running.good("tokens", "list")).splitlines() if "Ada" in line)
    again = await running.run("tokens", "revoke", token_id)
    assert again.code == 2
    assert again.err.endswith(f"there is no token {token_id} to revoke; nothing was changed\n")
    assert token not in listed


async def test_goods_go_out_and_come_in_again(running: Program, tmp_path: Path) -> None:
    assert "114 SKUs" in await running.good("export", str(tmp_path / "out.csv"))
    rows = read_csv(tmp_path / "out.csv")
    sample = read_csv(SAMPLE)
    known = [{name: row[name] for name in sample[0]} for row in rows]  # An export has the optional columns, too.
    assert by_sku(known, without="on_hand") == by_sku(sample, without="on_hand")

    changed = [{**row, "price": str(int(row["price"]) + 1), "on_hand": str(int(row["on_hand"]) + 7)} for row in rows]
    write_csv(tmp_path / "in.csv", changed)
    assert "114 SKUs written, 0 lines refused" in await running.good("import", str(tmp_path / "in.csv"))
    await running.good("export", str(tmp_path / "again.csv"))
    assert by_sku(read_csv(tmp_path / "again.csv")) == by_sku(changed)
    assert "0 findings" in await running.good("audit")

    detail = (await running.ask("GET", "/products/MUG")).body  # The running shop has it too.
    assert {sku["sku"]: str(sku["price"]["amount"]) for sku in detail["skus"]} == {
        row["sku"]: row["price"] for row in changed if row["product_id"] == "MUG"
    }
    write_csv(tmp_path / "in.csv", rows)
    await running.good("import", str(tmp_path / "in.csv"))


async def test_lines_that_do_not_fit_are_listed_and_the_others_are_taken(running: Program, tmp_path: Path) -> None:
    good = {**read_csv(SAMPLE)[0], "product_id": "NEW", "slug": "new", "sku": "NEW-1", "on_hand": "5"}
    bad = [{"price": "1.5"}, {"on_hand": "-1"}, {"price": "-1"}, {"weight_g": "heavy"}, {"sku": ""}]
    write_csv(tmp_path / "mixed.csv", [{**good, **change} for change in bad] + [good])

    done = await running.run("import", str(tmp_path / "mixed.csv"))

    assert (done.code, done.err) == (1, "")
    assert "1 SKUs written, 5 lines refused" in done.out
    for number in (2, 3, 4, 5, 6):
        assert f"│ {number}    │" in done.out
    assert (await running.ask("GET", "/admin/api/stock/NEW-1", **await staff(running))).body["on_hand"] == 5


async def test_an_import_is_tried_done_and_undone_by_commands(running: Program, tmp_path: Path) -> None:
    new = {**read_csv(SAMPLE)[0], "product_id": "UNDONE", "slug": "undone", "sku": "UNDONE-1", "on_hand": "5"}
    write_csv(tmp_path / "new.csv", [new])

    tried = await running.good("import", str(tmp_path / "new.csv"), "--dry-run")
    assert "Would be added" in tried
    assert "1 added, 0 changed, 0 unchanged." in tried
    assert (await running.ask("GET", "/products/UNDONE")).status == 404

    done = await running.good("import", str(tmp_path / "new.csv"))
    import_id = re.findall(r"It is import (\S+):", done)[0]
    assert (await running.ask("GET", "/products/UNDONE")).status == 200
    assert import_id in await running.good("imports")

    assert "2 products, counts of stock and pictures set back, 0 left." in await running.good(
        "imports", "undo", import_id
    )
    assert (await running.ask("GET", "/products/UNDONE")).status == 404
    again = await running.run("imports", "undo", import_id)
    assert (again.code, again.err) == (2, f"ShopFlow: the import {import_id} can't be undone: it is undone\n")


@pytest.mark.parametrize("words", [("import", "no-such-file.csv"), ("export", "no-such-folder/out.csv")])
async def test_a_file_that_can_not_be_used_is_one_line(running: Program, words: tuple[str, str]) -> None:
    done = await running.run(*words)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert words[1] in done.err


async def test_a_dead_letter_is_seen_and_driven_again(running: Program) -> None:
    assert "None." in await running.good("dead-letters")
    sandbox = await running.sandbox()
    refuse = {"action": "fail", "status": 550, "count": 1}
    assert (await running.ask("PUT", f"{sandbox}/sandbox/faults/smtp", refuse)).status == 200
    cart = await cart_with(running, "MUG-BLUE")
    order = await running.ask("POST", f"/carts/{cart}/checkout", DELIVERY, Idempotency_Key="dead-letter-1")
    number = order.body["order"]["number"]
    who = await staff(running)

    async def letters() -> list[dict[str, str]]:
        return list((await running.ask("GET", "/admin/api/dead-letters", **who)).body["items"])

    (letter,) = await eventually(letters)
    listed = await running.good("dead-letters", "list")
    assert "OrderCreated" in listed
    assert "550" in listed
    shown = json.loads(await running.good("dead-letters", "show", letter["id"]))
    assert (shown["type"], shown["subscriber"]) == ("OrderCreated", "email")
    unknown = await running.run("dead-letters", "show", "999999")
    assert (unknown.code, unknown.err) == (2, "ShopFlow: there is no dead letter 999999\n")

    assert "1 will be retried" in await running.good("dead-letters", "redrive", letter["id"])
    unknown = await running.run("dead-letters", "redrive", "987654321")
    assert (unknown.code, unknown.err) == (2, "ShopFlow: there is no dead letter 987654321\n")

    async def has_mail() -> bool:
        return any(number in mail["subject"] + mail["text"] for mail in await running.mails())

    assert await eventually(has_mail)
    assert "None." in await running.good("dead-letters", "list")


async def test_the_schema_says_who_listens(running: Program) -> None:
    told = json.loads(await running.good("schema"))
    listeners = {event: set(told["listeners"].get(event, ())) for event in LISTENERS}
    assert listeners == LISTENERS
    assert all(kind in told["$defs"] for kind in (*LISTENERS, "HoldStock", "SetLine"))


async def test_help_teaches(running: Program) -> None:
    everything, one, more, nonsense = await asyncio.gather(
        running.good("--help"),
        running.good("import", "--help"),
        running.good("dead-letters", "--help"),
        running.run("nonsense"),
    )
    for command in ("serve", "tour", "import", "export", "audit", "token", "tokens", "schema", "dead-letters"):
        assert command in everything
    assert "product_id, slug, title, category" in one
    assert "redrive" in more
    assert nonsense.code == 2


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def write_csv(file: Path, rows: Iterable[dict[str, str]]) -> None:
    rows = list(rows)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def by_sku(rows: Iterable[dict[str, str]], without: str = "") -> dict[str, dict[str, str]]:
    return {row["sku"]: {name: value for name, value in row.items() if name != without} for row in rows}
