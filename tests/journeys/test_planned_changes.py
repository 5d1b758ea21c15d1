"""Changes of products that are made at a time, over HTTP, with the clock moved over it."""

from datetime import timedelta

from tests.journeys.people import Customer, Json, Staff

PRODUCTS = "/admin/api/products"


async def plan(staff: Staff, hours: float, **change: object) -> Json:
    due = (staff.shop.clock.now() + timedelta(hours=hours)).isoformat()
    return (await staff.ask("POST", f"{PRODUCTS}/MUG/planned", {"due": due, "change": change})).good


def price(amount: int) -> list[Json]:
    return [{"sku": "MUG", "price": {"amount": amount, "currency": "EUR"}, "weight_g": 100}]


async def test_a_change_is_made_at_its_time_and_not_before(staff: Staff, buyer: Customer) -> None:
    planned = await plan(staff, 2, skus=price(777), title="Cheap mug")
    dropped = await plan(staff, 1, title="Never")
    await plan(staff, 3, skus=price(900))

    assert planned["change"]["skus"][0]["on_sale"] is True
    assert planned["change"]["title"] == "Cheap mug"
    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG/planned/{dropped['id']}")).status == 204
    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG/planned/{dropped['id']}")).refusal == (404, "not_found")
    await staff.shop.clock.advance(hours=1, minutes=59)
    assert (await buyer.get("/products/mug")).good["title"] == "Mug"

    await staff.shop.clock.advance(minutes=1)

    shown = (await buyer.get("/products/mug")).good
    assert (shown["title"], shown["price"]["amount"]) == ("Cheap mug", 777)
    history = (await staff.ask("GET", f"{PRODUCTS}/MUG/history")).good["items"]
    assert {field["field"] for field in history[0]["fields"]} == {"title", "skus.MUG"}
    assert history[0]["by"].startswith("test")
    listed = (await staff.ask("GET", f"{PRODUCTS}/MUG/planned")).good["items"]
    assert [each["done_at"] is None for each in listed] == [True, False]
    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG/planned/{planned['id']}")).refusal == (404, "not_found")


async def test_what_does_not_fit_any_more_is_kept_with_its_reason(staff: Staff, buyer: Customer) -> None:
    await plan(staff, 1, slug="book")  # Another's.
    await plan(staff, 1.1, publish_at=(staff.shop.clock.now() + timedelta(minutes=30)).isoformat())  # Past, by then.
    await plan(staff, 3, title="Too late")
    await staff.shop.clock.advance(hours=2)
    assert (await buyer.get("/products/mug")).good["title"] == "Mug"
    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG")).status == 204
    await staff.shop.clock.advance(hours=2)

    listed = (await staff.ask("GET", f"{PRODUCTS}/MUG/planned")).good["items"]

    assert [each["refused"] for each in listed] == [
        "the product is gone", "publish_at is in the past", "its slug or a SKU is taken",
    ]  # fmt: skip
    assert all(each["done_at"] for each in listed)


async def test_a_plan_that_can_not_be_is_refused(staff: Staff) -> None:
    now = staff.shop.clock.now()
    for days, change in ((-1, {"title": "A"}), (731, {"title": "A"}), (1, {})):
        body = {"due": (now + timedelta(days=days)).isoformat(), "change": change}
        assert (await staff.ask("POST", f"{PRODUCTS}/MUG/planned", body)).refusal == (422, "invalid")
    body = {"due": (now + timedelta(days=1)).isoformat(), "change": {"title": "A"}}
    assert (await staff.ask("POST", f"{PRODUCTS}/NONE/planned", body)).refusal == (404, "not_found")
    for _ in range(50):
        _ = (await staff.ask("POST", f"{PRODUCTS}/MUG/planned", body)).good
    assert (await staff.ask("POST", f"{PRODUCTS}/MUG/planned", body)).refusal == (422, "invalid")
