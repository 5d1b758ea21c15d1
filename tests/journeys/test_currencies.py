"""Shops in other currencies: what buyers see, what Stripe is asked for, and what comes back."""

from importlib import import_module

import msgspec
import pytest

from bus.messages.base import Money
from bus.messages.catalog import ImportSkus, SkuRow
from bus.messages.inventory import SetOnHand
from engine.testing import ShopUnderTest
from tests.journeys.people import Customer, Staff, all_is_well, intent_event, send_webhook


@pytest.fixture
def _shillings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop in Uganda. Comes before the shop."""
    testing = import_module("engine.testing.shop")  # Whose package has a fixture of this name.
    as_usual = testing._settings

    def settings(*given: object) -> object:
        made = as_usual(*given)
        return msgspec.structs.replace(made, edge=msgspec.structs.replace(made.edge, shopflow_currency="UGX"))

    monkeypatch.setattr(testing, "_settings", settings)


def basket(price: int, currency: str) -> SkuRow:
    return SkuRow(
        product_id="BASKET",
        slug="basket",
        title="Basket",
        category="Home",
        description="",
        sku="BASKET",
        sku_title="",
        price=Money(amount=price, currency=currency),
        weight_g=900,
    )


@pytest.mark.usefixtures("_shillings")
async def test_a_shop_in_shillings_asks_stripe_for_hundredths_and_books_shillings(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    imported = await shop.ask(ImportSkus(rows=(basket(45_615, "UGX"),)))
    await shop.ask(SetOnHand(sku="BASKET", on_hand=5))
    assert imported.written == 1

    bought = await buyer.buy(BASKET=1)

    (charge,) = shop.charges()
    assert (charge.amount, charge.currency) == (bought.total * 100, "ugx")
    assert bought.total == 45_615  # Standard shipping is free from 7,500 minor units.
    part = await staff.refund(bought, {"amount": 615, "currency": "UGX"})
    assert part.good["amount"] == {"amount": 615, "currency": "UGX"}
    assert [refund.amount for refund in shop.box.refunds()] == [61_500]
    order = await buyer.read(bought)
    assert (order["total"]["amount"], order["refunded"]["amount"]) == (45_615, 615)
    await shop.audit()
    await all_is_well(staff)


@pytest.mark.usefixtures("_shillings")
async def test_a_fraction_of_a_shilling_is_kept_and_seen_and_pays_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await shop.ask(ImportSkus(rows=(basket(45_615, "UGX"),)))
    await shop.ask(SetOnHand(sku="BASKET", on_hand=5))
    bought = await buyer.order(BASKET=1)

    event = intent_event("payment_intent.succeeded", bought.intent, 45_615, currency="ugx")
    assert (await send_webhook(buyer, event)).status == 200
    foreign = intent_event("payment_intent.succeeded", "pi_of_somebody_else", 1, currency="ugx")
    assert (await send_webhook(buyer, foreign)).status == 200

    assert await buyer.status(bought) == "pending_payment"
    stuck = {
        item["detail"].partition(" (")[0] for item in await staff.stuck_money() if item["kind"] == "capture_refused"
    }
    assert stuck == {
        "refused: Stripe counts 45615 in hundredths of UGX, and that is no whole amount",
        "refused: no such payment",
    }


async def test_a_price_over_the_api_is_refused_in_the_owners_words(staff: Staff) -> None:
    sku = {"sku": "VASE", "price": {"amount": 100_000_000, "currency": "EUR"}, "weight_g": 900}
    body = {"id": "VASE", "slug": "vase", "title": "Vase", "category": "Home", "skus": [sku]}

    for answer in (
        await staff.ask("POST", "/admin/api/products", body),
        await staff.ask("PATCH", "/admin/api/products/MUG", {"skus": [sku | {"sku": "MUG"}]}),
    ):
        assert answer.refusal == (422, "invalid")
        assert "999999.99 EUR" in answer.json["detail"]
