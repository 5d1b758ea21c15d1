"""Commands beside a running shop: what they tell and do, and how they refuse."""

import asyncio
import csv
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from bus.messages import words
from cli.goods import SAMPLE
from testkit.people import DELIVERY
from tests.journeys.process import COMMAND_S, ROOT, Program, program
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
    assert (await running.ask("GET", "/admin/api/orders", **await running.staff())).status == 200
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


async def test_people_are_added_listed_and_disabled(running: Program) -> None:
    add = ("staff", "add", "ada@shop.example", "--role", "warehouse", "--name", "Ada")
    links = [(await running.good(*add)).strip() for _ in range(2)]

    assert all(link.startswith(f"{running.url}/admin/join#inv_") for link in links)
    assert links[0] != links[1]
    listed = await running.good("staff")
    assert "ada@shop.example" in listed
    assert "invited" in listed
    assert await running.good("staff", "disable", "ada@shop.example") == "Disabled.\n"
    for wrong in (("disable", "eve@shop.example"), ("add", "eve@shop.example", "--role", "king"), ("add", "eve")):
        done = await running.run("staff", *wrong)
        assert (done.code, done.err.count("\n")) == (2, 1), done


async def test_a_token_has_the_keys_that_were_asked_for(running: Program) -> None:
    token = (await running.good("token", "--label", "till", "--keys", "read_stock")).strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert (await running.ask("GET", "/admin/api/stock", **headers)).status == 200
    assert (await running.ask("GET", "/admin/api/orders", **headers)).status == 403
    wrong = await running.run("token", "--keys", "read_everything")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)


async def test_goods_go_out_and_come_in_again(running: Program, tmp_path: Path) -> None:
    assert "114 SKUs" in await running.good("export", str(tmp_path / "out.csv"))
    rows = read_csv(tmp_path / "out.csv")
    sample = read_csv(SAMPLE)
    asked = [{column: row[column] for column in sample[0]} for row in rows]  # An export has all columns.
    assert by_sku(asked, without="on_hand") == by_sku(sample, without="on_hand")

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
    assert (await running.ask("GET", "/admin/api/stock/NEW-1", **await running.staff())).body["on_hand"] == 5


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

    async def is_gone() -> bool:  # The command's process has written it; the shop's hears of it.
        return (await running.ask("GET", "/products/UNDONE")).status != 200

    assert await eventually(is_gone)
    again = await running.run("imports", "undo", import_id)
    assert (again.code, again.err) == (2, f"ShopFlow: the import {import_id} can't be undone: it is undone\n")


@pytest.mark.parametrize("words", [("import", "no-such-file.csv"), ("export", "no-such-folder/out.csv")])
async def test_a_file_that_can_not_be_used_is_one_line(running: Program, words: tuple[str, str]) -> None:
    done = await running.run(*words)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert words[1] in done.err


async def test_an_export_that_nobody_reads_on_ends_quietly(running: Program) -> None:
    """As into `head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "run.py", "export", "/dev/stdout"),
            cwd=ROOT,
            env=running.environment(),
            stdout=writing,
            stderr=asyncio.subprocess.PIPE,
        )
    finally:
        os.close(writing)
    async with asyncio.timeout(COMMAND_S):
        _, told = await process.communicate()
    assert (process.returncode, told) == (1, b"")


async def test_an_export_to_a_disk_that_is_full_is_one_line(running: Program) -> None:
    done = await running.run("export", "/dev/full")
    assert (done.code, done.err) == (2, "ShopFlow: can't write /dev/full: no space left on device\n")


async def test_a_dead_letter_is_seen_and_driven_again(running: Program) -> None:
    assert "None." in await running.good("dead-letters")
    sandbox = await running.sandbox()
    refuse = {"action": "fail", "status": 550, "count": 1}
    assert (await running.ask("PUT", f"{sandbox}/sandbox/faults/smtp", refuse)).status == 200
    cart = await running.cart_with("MUG-BLUE")
    order = await running.ask("POST", f"/carts/{cart}/checkout", DELIVERY, Idempotency_Key="dead-letter-1")
    number = order.body["order"]["number"]
    who = await running.staff()

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
