"""What is sealed opens in its own row alone, and an invoice outlives its buyer's account."""

from bus.messages.base import new_id
from bus.messages.order import GetOrder, Order
from engine.errors import ShopFlowError
from engine.sealing import DoesNotOpen, Place
from testkit import ShopUnderTest


async def a_box_is_moved_to_another_row_of_its_person(shop: ShopUnderTest) -> list[str]:
    """Whoever may write to the tables lets a parcel go to an address that its buyer has left."""
    subject = new_id("cus")
    here, there = (Place("customer.addresses", "content", row) for row in ("adr_old", "adr_new"))
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        keys = await shop.inside.vault.keys(tx, {(subject, "account")}, creating=True)
    box = keys.seal("the old address", here, subject, "account")
    try:
        keys.read(str, box, there, subject, "account")
    except DoesNotOpen:
        return []
    return ["a box opens in another row"]


async def a_buyer_is_forgotten_and_the_invoice_is_not(shop: ShopUnderTest) -> list[str]:
    placed = await shop.check_out(BOOK=1)
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await shop.inside.vault.forget(tx, {(placed.order_id, "account")})
    try:
        order = await shop.ask(GetOrder(order_id=placed.order_id))
    except ShopFlowError as error:
        return [f"the order can't be read: {type(error).__name__}"]
    assert isinstance(order, Order)
    found = ["the address for mails is still there"] if order.email else []
    return found if order.name else [*found, "the invoice is forgotten with the account"]
