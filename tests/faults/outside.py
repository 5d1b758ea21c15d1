"""What scenarios of the model find in the world: goods on the shelves, and what Stripe, carrier and mailbox know."""

from collections import Counter
from collections.abc import Sequence

from msgspec import structs

from bus.messages.base import Line, Money
from bus.messages.catalog_imports import ImportSkus, SkuRow
from testkit import ShopUnderTest
from tests.faults.model import PRICES
from tests.faults.model_carts import PARTS


async def put_on_the_shelf(shop: ShopUnderTest, names: Sequence[str]) -> None:
    """Goods for scenarios of these names."""
    goods = [(name, number, price) for name in names for number, price in enumerate(PRICES)]
    for is_made in (False, True):  # Bundles after their parts.
        rows = [_row(*each) for each in goods if (each[1] in PARTS) == is_made]
        assert not (await shop.ask(ImportSkus(rows=tuple(rows)))).refused


def _row(name: str, number: int, cents: int) -> SkuRow:
    parts = tuple(Line(sku=f"{name}-{part}", quantity=each) for part, each in PARTS.get(number, {}).items())
    return structs.replace(row_of(f"{name}-{number}", cents), parts=parts)


def row_of(sku: str, cents: int) -> SkuRow:
    """A product of one SKU."""
    return SkuRow(
        product_id=sku,
        slug=sku.lower(),
        title=sku,
        category="Test",
        description="",
        sku=sku,
        sku_title="",
        price=euros(cents),
        weight_g=100,
    )


def euros(cents: int) -> Money:
    """So much money."""
    return Money(amount=cents, currency="EUR")


class Outside:
    """What Stripe, the carrier and the mailbox know."""

    def __init__(self, shop: ShopUnderTest) -> None:
        self._sandbox = shop.sandbox
        self._intents = Counter(intent.metadata.get("order_id") for intent in shop.sandbox.payment_intents())
        self._charges = shop.charges()
        self._refunds = shop.sandbox.refunds()
        self._parcels = Counter(parcel.reference for parcel in shop.sandbox.shipments())

    def of(self, order_id: str, intent_id: str, email: str) -> dict[str, object]:
        mails = {
            mail.message_id for mail in self._sandbox.mails(email)
        }  # A repeat has the same id, and is known by it.
        return {
            "intents": self._intents[order_id],
            "charges": [charge.amount for charge in self._charges if charge.payment_intent == intent_id],
            "sent back": sum(refund.amount for refund in self._refunds if refund.payment_intent == intent_id),
            "parcels": self._parcels[order_id],
            "mails": Counter(mail_id.partition("@")[0].rpartition(".")[2] for mail_id in mails),
        }
