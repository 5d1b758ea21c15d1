"""Staff find an order, correct its buyer before it is packed, and note what others should know."""

from dataclasses import replace

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, Purchase, Staff, all_is_well, new_key, sql, staff_token

DESK = ("read_orders", "write_orders")
NEW = {"line1": "2 Quay Road", "city": "Bremen", "postal_code": "28195", "country": "DE"}


@pytest.fixture
async def packer(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Staff:
    """Works on orders, and is shown no buyers."""
    return Staff(shop, http, await staff_token(shop, label="packer", keys=DESK))


async def listed(asker: Staff, query: str) -> list[str]:
    return [row["id"] for row in (await asker.get(f"/admin/api/orders?{query}")).good["items"]]


async def correct(staff: Staff, bought: Purchase, **changes: object) -> Json:
    return (await staff.ask("PATCH", f"/admin/api/orders/{bought.order}", changes)).good


async def test_a_list_shows_names_to_who_may_and_initials_to_others(
    buyer: Customer, staff: Staff, packer: Staff
) -> None:
    bought = await buyer.buy(BOOK=2, MUG=1)
    await buyer.shop.clock.advance(minutes=5)
    (row,) = (await staff.get("/admin/api/orders?status=paid&status=picking&payment=paid")).good["items"]
    assert (row["id"], row["units"], row["status_text"], row["payment"]) == (bought.order, 3, "Paid", "paid")
    assert (row["buyer"], row["late"], row["total"]["amount"]) == ("Ada Buyer", False, bought.total)
    assert row["age_s"] >= 300
    (row,) = (await packer.get("/admin/api/orders")).good["items"]
    assert row["buyer"] == "A. B."
    path = f"/admin/api/orders/{bought.order}"
    assert (await staff.get(path)).good == (await staff.get(f"/orders/{bought.order}")).good
    assert (await packer.get(path)).good["buyer"] is None
    assert (await staff.get("/admin/api/orders/ord_none")).refusal == (404, "not_found")


async def test_orders_are_found_by_sku_and_day(buyer: Customer, staff: Staff, packer: Staff) -> None:
    bought = await buyer.buy(BOOK=1)
    today = buyer.shop.clock.now().date().isoformat()
    assert await listed(packer, "q=BOOK") == await listed(staff, "q=book") == [bought.order]
    assert await listed(packer, "q=Buyer") == []  # It is no SKU, and buyers are not looked for.
    assert await listed(staff, "q=Buyer") == [bought.order]
    assert (await packer.get("/admin/api/orders?q=Ada%20Buyer")).refusal == (403, "forbidden")
    assert await listed(staff, f"from={today}&to={today}&q=BOOK") == [bought.order]
    assert await listed(staff, f"from={today}&to=2029-01-01") == []
    assert await listed(staff, "status=delivered&late=true") == []
    assert (await staff.get("/admin/api/orders?payment=lost")).refusal == (422, "invalid")


async def test_a_corrected_buyer_gets_parcel_and_mails_and_the_old_address_no_more(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(BOOK=1)
    link = next(mail for mail in shop.mails(buyer.email)).text.partition("?token=")[2].split()[0]
    assert (await buyer.get(f"/orders/{bought.order}", token=link)).status == 200

    right = await correct(
        staff, bought, email="ada.b@example.com", name="Ada Byron", phone="+49 421 123456", address=NEW
    )
    await shop.settle()

    assert right["buyer"] == {
        "email": "ada.b@example.com",
        "name": "Ada Byron",
        "phone": "+49 421 123456",
        "address": {**NEW, "line2": "", "region": ""},
    }
    assert (await buyer.get(f"/orders/{bought.order}", token=link)).refusal == (404, "not_found")
    assert (await buyer.get(f"/orders/{bought.order}", token=bought.token)).status == 200
    _ = await staff.send_off(bought)
    (parcel,) = shop.sandbox.shipments()
    assert (parcel.recipient.name, parcel.recipient.line1) == ("Ada Byron", "2 Quay Road")
    assert [mail.to for mail in shop.mails()][-2:] == [["ada.b@example.com"]] * 2
    assert await listed(staff, "q=Byron") == await listed(staff, "q=28195") == [bought.order]
    assert await listed(staff, "q=ada%40example.com") == []
    await all_is_well(staff)


async def test_a_correction_is_noted_without_the_buyer_and_a_repeat_is_not(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(BOOK=1)
    for _ in range(2):
        _ = await correct(staff, bought, name="Ada Byron", phone="")
    order = (await staff.get(f"/orders/{bought.order}")).good
    (noted,) = [moment for moment in order["timeline"] if moment["event"] == "BuyerCorrected"]
    assert noted["detail"].startswith("name by test (tok_")
    assert "BuyerCorrected" not in await buyer.timeline(bought)
    acts = (await staff.get("/admin/api/actions")).good["items"]
    assert [act["what"] for act in acts].count("PATCH /admin/api/orders/{order_id}") == 2
    kept = await shop.inside.services.database.fetch("select coalesce(name, email) as clear from orders.orders")
    assert [row["clear"] for row in kept] == [None]


async def test_what_can_not_be_corrected_is_refused(buyer: Customer, staff: Staff, packer: Staff) -> None:
    bought = await buyer.buy(BOOK=1)
    path = f"/admin/api/orders/{bought.order}"
    assert (await packer.ask("PATCH", path, {"name": "Eve"})).refusal == (403, "forbidden")
    abroad = await staff.ask("PATCH", path, {"address": {**NEW, "country": "AT", "postal_code": "1010"}})
    assert (*abroad.refusal, abroad.json["field"]) == (422, "invalid", "address.country")
    for wrong, field in (({"email": "nobody"}, "email"), ({"name": "a\nb"}, "name"), ({"phone": "12"}, "phone")):
        answer = await staff.ask("PATCH", path, wrong)
        assert (*answer.refusal, answer.json["field"]) == (422, "invalid", field)
    unknown = replace(bought, order="ord_none")
    assert (await staff.ask("PATCH", f"/admin/api/orders/{unknown.order}", {})).refusal == (404, "not_found")

    for step in ("pick", "pack"):
        _ = (await staff.step(bought, step)).good
    late = await staff.ask("PATCH", path, {"name": "Ada Byron"})
    assert (*late.refusal, late.json["order_status"]) == (409, "not_changeable", "packed")


async def test_an_order_of_an_earlier_version_is_sealed_when_it_is_corrected(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(BOOK=1)
    await sql(
        shop,
        """update orders.orders set contact = null, invoice = null, email = 'ada@example.com', name = 'Ada', phone = '',
            address = '{"line1": "1 Harbour Street", "city": "Hamburg", "country": "DE"}'""",
    )
    await sql(shop, "delete from vault.keys")
    assert (await correct(staff, bought, name="Ada Byron"))["buyer"]["name"] == "Ada Byron"
    await all_is_well(staff)


async def test_notes_are_read_by_staff_and_deleted_by_their_writer(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer, staff: Staff, packer: Staff
) -> None:
    bought, other = await buyer.buy(BOOK=1), Staff(shop, http, await staff_token(shop, label="other"))
    path, key = f"/admin/api/orders/{bought.order}/notes", new_key()
    wrote = [(await staff.ask("POST", path, {"text": "Ada asks for a ribbon."}, key=key)).good for _ in range(2)]
    _ = (await other.ask("POST", path, {"text": "Done."})).good
    assert wrote[0] == wrote[1]
    notes = (await staff.get(path)).good["items"]
    assert [(note["text"], note["own"]) for note in notes] == [("Ada asks for a ribbon.", True), ("Done.", False)]
    assert notes[0]["by"].startswith("test (tok_")
    boxes = await shop.inside.services.database.fetch("select sealed from orders.notes")
    assert not [row for row in boxes if b"ribbon" in row["sealed"]]

    for refused in (packer, buyer):
        assert (await refused.get(path)).status in (401, 403)
    assert (await staff.ask("POST", path, {"text": " "})).refusal == (422, "invalid")
    assert (await staff.ask("POST", path, {"text": "x" * 2001})).refusal == (422, "invalid")
    assert (await staff.get("/admin/api/orders/ord_none/notes")).refusal == (404, "not_found")
    assert (await staff.ask("POST", "/admin/api/orders/ord_none/notes", {"text": "x"})).refusal == (404, "not_found")
    assert (await other.ask("DELETE", f"{path}/{notes[0]['id']}")).refusal == (403, "not_own")
    assert (await staff.ask("DELETE", f"{path}/{notes[0]['id']}")).status == 204
    assert (await staff.ask("DELETE", f"{path}/{notes[0]['id']}")).refusal == (404, "not_found")
    await all_is_well(staff)


async def test_an_order_has_so_many_notes_and_a_forgotten_buyer_none(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(BOOK=1)
    path = f"/admin/api/orders/{bought.order}/notes"
    _ = (await staff.ask("POST", path, {"text": "one"})).good
    await sql(
        shop,
        """insert into orders.notes (id, order_id, at, by, by_id, sealed)
            select 'note_' || n, order_id, at, by, by_id, '' from orders.notes, generate_series(2, 200) n""",
    )
    assert (await staff.ask("POST", path, {"text": "more"})).refusal == (409, "too_many_notes")

    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        _ = await shop.inside.vault.forget(tx, [(bought.order, "activity")])
    assert (await staff.get(path)).good["items"] == []
    assert (await staff.ask("POST", path, {"text": "more"})).refusal == (410, "gone")
