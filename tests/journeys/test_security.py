"""Who of the staff did what to what: tokens by name, the security log, and the names on what was done."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors.audit import stuck
from bus.messages.staff import ListTokens
from cli.program_tokens import revoke_token
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, fail_refunds, new_key, staff_token

Line = MutableMapping[str, Any]


@pytest.fixture
def log() -> Iterator[list[Line]]:
    with capture_logs() as lines:
        yield lines


def security(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.get("part") == "security"]


async def sign_in(shop: ShopUnderTest, staff: Staff, label: str) -> Staff:
    return Staff(shop, staff.http, await staff_token(shop, label=label))


async def sql(shop: ShopUnderTest, query: str) -> list[Any]:
    return [row[0] for row in await shop.inside.services.database.fetch(query)]


async def test_a_token_is_listed_by_its_label_and_revoked_by_its_id(shop: ShopUnderTest, staff: Staff) -> None:
    ada = await sign_in(shop, staff, "Ada")
    assert (await ada.get("/admin/api/orders")).status == 200

    (known,) = (token for token in (await shop.ask(ListTokens())).tokens if token.label == "Ada")
    assert await revoke_token(shop.inside.bus, known.id)
    assert not await revoke_token(shop.inside.bus, known.id)
    assert not await revoke_token(shop.inside.bus, "tok_none")

    assert (await ada.get("/admin/api/orders")).refusal == (401, "unauthorized")
    (revoked,) = (token for token in (await shop.ask(ListTokens())).tokens if token.label == "Ada")
    assert revoked.revoked_at == revoked.expires_at == shop.clock.now()
    assert (await staff.get("/admin/api/orders")).status == 200  # Another's token.
    assert ada.token not in str(known)


async def test_a_refund_has_the_name_of_who_made_it(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    ada, bought = await sign_in(shop, staff, "Ada"), await buyer.buy(MUG=1)

    refund = (await ada.refund(bought, 100)).good

    assert refund["by"].startswith("Ada (tok_")
    assert await sql(shop, "select by from payment.refunds") == [refund["by"]]
    seen = (await staff.get(f"/orders/{bought.order}")).good["timeline"]
    assert {"event": "DoneByStaff", "detail": f"refunded €1.00 by {refund['by']}"}.items() <= (
        next(moment for moment in seen if moment["event"] == "DoneByStaff").items()
    )
    assert "DoneByStaff" not in await buyer.timeline(bought)


async def test_a_cancellation_has_the_name_of_who_did_it(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    ada, bought, own = await sign_in(shop, staff, "Ada"), await buyer.buy(MUG=1), await buyer.buy(MUG=1)

    _ = (await ada.ask("POST", f"/orders/{bought.order}/cancel")).good
    _ = (await buyer.cancel(own)).good

    details = [
        [moment["detail"] for moment in (await staff.get(f"/orders/{order}")).good["timeline"]
         if moment["event"] == "DoneByStaff"]
        for order in (bought.order, own.order)
    ]  # fmt: skip
    assert details[0][0].startswith("cancelled by Ada (tok_")
    assert details[1] == []


async def test_a_count_has_the_name_of_who_counted(shop: ShopUnderTest, staff: Staff) -> None:
    ada = await sign_in(shop, staff, "Ada")

    _ = (await ada.count("MUG", 7)).good
    _ = (await ada.ask("PUT", "/admin/api/stock/MUG", {"received": 3})).good

    people = await sql(
        shop, "select reference from inventory.ledger where reason in ('counted', 'received') order by id"
    )
    assert len(set(people[-2:])) == 1
    assert people[-1].startswith("Ada (tok_")


async def test_a_settled_item_has_the_name_of_who_settled_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    ada, bought = await sign_in(shop, staff, "Ada"), await buyer.buy(MUG=1)
    assert (await staff.refund(bought, 300)).status == 201
    await fail_refunds(shop, staff.http)
    (item,) = await staff.stuck_money()
    path = f"/admin/api/stuck-money/{item['id']}/settle"

    _ = (await ada.ask("POST", path)).good
    _ = (await staff.ask("POST", path)).good  # The first one stands.

    (by,) = await sql(shop, "select by from audit.settled")
    assert by.startswith("Ada (tok_")


@pytest.mark.parametrize("item", ["refund_failed:ref_1", "money_not_back:ord_1", "nothing", "refund_failed:"])
async def test_what_is_not_on_the_list_can_not_be_settled(shop: ShopUnderTest, staff: Staff, item: str) -> None:
    assert (await staff.ask("POST", f"/admin/api/stuck-money/{item}/settle")).refusal == (404, "not_found")
    assert await sql(shop, "select item_id from audit.settled") == []


async def test_an_item_is_settled_on_whichever_page_of_the_list_it_is(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stuck, "_AT_ONCE", 2)
    for _ in range(5):
        assert (await staff.refund(await buyer.buy(BOOK=1), 100)).status == 201
    await fail_refunds(shop, staff.http)
    items = await staff.stuck_money()
    assert len(items) == 5

    assert (await staff.ask("POST", f"/admin/api/stuck-money/{items[-1]['id']}/settle")).good == {"settled": True}

    assert await staff.stuck_money() == items[:-1]


async def test_each_change_by_staff_is_a_line_of_the_log(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, log: list[Line]
) -> None:
    ada, bought, key = await sign_in(shop, staff, "Ada"), await buyer.buy(MUG=1), new_key()
    path = f"/admin/api/orders/{bought.order}/refunds"

    for _ in range(2):
        _ = (await ada.ask("POST", path, {"amount": 100}, key=key)).good
    assert (await ada.count("MUG", 0)).status == 409
    assert (await ada.ask("POST", "/admin/api/pick-lists/none/pack?despite_doubt=true")).status == 404
    _ = (await ada.get("/admin/api/orders")).good
    _ = (await buyer.ask("POST", "/carts")).good

    made, *done = security(log)
    assert (made["event"], made["label"]) == ("token made", "Ada")
    assert [(line["event"], line["about"], line["status"]) for line in done] == [
        ("staff request", f"POST {path}", 201),
        ("staff request", f"POST {path}", 201),
        ("staff request", "PUT /admin/api/stock/MUG", 409),
        ("staff request", "POST /admin/api/pick-lists/none/pack?despite_doubt=true", 404),
    ]
    assert {line["by"] for line in done} == {f"Ada ({made['about']})"}
    assert ada.token not in str(log)


@pytest.mark.parametrize("path", ["/admin/api/orders", "/admin/api/dead-letters"])
async def test_a_failed_sign_in_is_a_line_of_the_log(
    shop: ShopUnderTest, staff: Staff, log: list[Line], path: str
) -> None:
    assert (await staff.ask("GET", path, token="sf_guessed")).status == 401
    assert (await staff.ask("GET", path, token="")).status == 401  # Nobody tried.

    (line,) = security(log)
    assert (line["event"], line["about"], line["log_level"]) == ("staff sign-in failed", path, "warning")
    assert line["address"] == "127.0.0.1"
    assert "sf_guessed" not in str(log)
