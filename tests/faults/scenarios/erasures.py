"""Whoever is forgotten is: in each domain, for whoever has the database, and after a backup has brought them back."""

from actors.privacy import replay
from actors.privacy.actor import Privacy
from bus.messages.privacy import AuditErasures, EraseCustomer, ReadPersonalAccount, ReadPersonalOrders
from engine.errors import ShopFlowError
from testkit import ShopUnderTest
from tests.actors.privacy.people import attach, close, delivered, register, rows

_COPY = """
create table public.customers_before as select * from customer.customers where id = $1;
create table public.keys_before as select * from vault.keys where subject = $1"""
_BRING_BACK = """
update customer.customers c set email_index = b.email_index, profile = b.profile, password = b.password, state = b.state
from public.customers_before b where c.id = b.id;
insert into vault.keys select * from public.keys_before;
delete from vault.forgotten;
delete from privacy.listed;
drop table public.customers_before, public.keys_before"""


async def a_customer_is_forgotten(shop: ShopUnderTest) -> list[str]:
    customer_id = await register(shop)
    order_id = (await delivered(shop)).order_id
    await attach(shop, customer_id, order_id)

    await close(shop, customer_id)

    account = await shop.ask(ReadPersonalAccount(customer_id=customer_id))
    try:
        orders = await shop.ask(ReadPersonalOrders(order_ids=(order_id,)))
    except ShopFlowError as error:  # What is empty opens by no key; whoever is forgotten has none.
        return [f"that nothing is readable can't be proven: {type(error).__name__}"]
    audited = await shop.ask(AuditErasures())
    (order,) = await rows(shop, "select email_index, tokens from orders.orders where id = $1", order_id)
    return [
        *(f"{finding.check}: {finding.detail}" for finding in audited.findings),
        *(["the account can be read"] if account.opened else []),
        *(["the buyer of an order can be read"] if orders.opened else []),
        *(["an order is found by its buyer"] if order["email_index"] or order["tokens"] else []),
    ]


async def a_backup_brings_a_forgotten_customer_back(shop: ShopUnderTest) -> list[str]:
    customer_id = await register(shop)
    await _run(shop, _COPY.replace("$1", f"'{customer_id}'"))
    await shop.ask(EraseCustomer(customer_id=customer_id, reason="asked"))
    await shop.settle()
    await _run(shop, _BRING_BACK)
    privacy = shop.inside.bus.supervisor.cells["privacy"].actor
    assert isinstance(privacy, Privacy)

    await replay.replay(shop.inside.services.database, shop.inside.vault, shop.clock, privacy._listed)

    account = await shop.ask(ReadPersonalAccount(customer_id=customer_id))
    return ["a customer who was forgotten can be read again"] if account.opened else []


async def _run(shop: ShopUnderTest, statements: str) -> None:
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        for statement in statements.split(";"):
            await tx.execute(statement)
