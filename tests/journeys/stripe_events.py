"""What Stripe did: what the shop has kept of it, and when it scans Stripe again."""

from datetime import timedelta

from actors.payment import reconciliation_store
from actors.payment.effects import Outcome
from engine.clock import FOREVER
from sandbox.core.faults import WebhookFault
from sandbox.stripe.api import Cause
from sandbox.stripe.params import CreateIntent as AtStripe
from testkit import ShopUnderTest
from tests.journeys.people import Staff, all_is_well, staff_token

LIST = "GET /v1/payment_intents"
NO_WEBHOOKS = WebhookFault(drop=1_000_000)
AFTER = timedelta(minutes=5)


async def effects(shop: ShopUnderTest) -> list[str]:
    """What was kept of Stripe's news, from webhooks and scans, and what it led to."""
    rows = await shop.inside.services.database.fetch(
        "select effect, detail from payment.stripe_events order by stored_at, effect, detail"
    )
    return [str(Outcome(**dict(row))) for row in rows]


async def status_here(shop: ShopUnderTest, order_id: str) -> str:
    rows = await shop.inside.services.database.fetch(
        "select status from payment.payments where order_id = $1", order_id
    )
    return str(rows[0]["status"])


async def next_scan(shop: ShopUnderTest) -> timedelta | None:
    """In how long; None if none is planned."""
    at = await reconciliation_store.next_scan(shop.inside.services.database)
    return None if at == FOREVER else at - shop.clock.now()


async def make_at_stripe(shop: ShopUnderTest, metadata: dict[str, str], number: int = 1) -> list[str]:
    """Intents that others made; gives their ids."""
    stripe = shop.sandbox.stripe
    with stripe.transaction():
        asks = [AtStripe(amount=500, currency="eur", metadata=metadata) for _ in range(number)]
        return [stripe.create_intent(ask, Cause()).id for ask in asks]


async def of_today(shop: ShopUnderTest, staff: Staff) -> Staff:
    """With a token that is valid, however long the test took."""
    return Staff(shop, staff.http, await staff_token(shop))


async def all_is_settled(shop: ShopUnderTest, staff: Staff) -> None:
    """All is well, and nothing is left to look for."""
    await all_is_well(await of_today(shop, staff))
    assert await next_scan(shop) is None
