"""The SQL of shipping methods and their prices."""

from collections.abc import Collection, Mapping

from bus.messages.base import Currency
from bus.messages.shipping import (
    MethodDetail,
    MethodPrice,
    PricedMethod,
    SetShippingMethod,
    ShippingMethod,
)
from engine.postgres import Database
from engine.transaction import Transaction

_PRICED = """
select p.currency, m.id, m.title, m.days_min, m.days_max, p.price, p.free_from
from shipping.prices p join shipping.methods m on m.id = p.method_id
where p.currency = any($1) order by m.place, m.id"""
_READ = """
select m.id, m.title, m.days_min, m.days_max, m.place, p.currency, p.price, p.free_from
from shipping.methods m left join shipping.prices p on p.method_id = m.id
order by m.place, m.id, p.currency"""
_CHANGE = """
update shipping.methods set title = $2, days_min = $3, days_max = $4 where id = $1 returning id"""
_SET_PRICE = """
insert into shipping.prices (method_id, currency, price, free_from) values ($1, $2, $3, $4)
on conflict (method_id, currency) do update set price = excluded.price, free_from = excluded.free_from"""


async def priced(database: Database, currencies: Collection[Currency]) -> Mapping[Currency, tuple[PricedMethod, ...]]:
    """The methods that have a price in these currencies, in the order in which buyers see them."""
    found: dict[Currency, list[PricedMethod]] = {currency: [] for currency in currencies}
    for row in await database.fetch(_PRICED, list(currencies)):
        of_method = dict(row)
        found[of_method.pop("currency")].append(PricedMethod(**of_method))
    return {currency: tuple(methods) for currency, methods in found.items()}


async def read(tx: Transaction) -> dict[ShippingMethod, MethodDetail]:
    """All methods with all their prices, by place."""
    found: dict[ShippingMethod, MethodDetail] = {}
    prices: dict[ShippingMethod, list[MethodPrice]] = {}
    rows = await tx.fetch(_READ)
    for row in rows:
        if row["currency"] is not None:
            price = MethodPrice(currency=row["currency"], price=row["price"], free_from=row["free_from"])
            prices.setdefault(row["id"], []).append(price)
    for row in rows:
        found[row["id"]] = MethodDetail(
            id=row["id"],
            title=row["title"],
            days_min=row["days_min"],
            days_max=row["days_max"],
            place=row["place"],
            prices=tuple(prices.get(row["id"], ())),
        )
    return found


async def change(tx: Transaction, ask: SetShippingMethod) -> bool:
    """Write a method and its price in one currency; False if there is no such method."""
    if await tx.value(_CHANGE, ask.id, ask.title, ask.days_min, ask.days_max) is None:
        return False
    await tx.execute(_SET_PRICE, ask.id, ask.price.currency, ask.price.price, ask.price.free_from)
    return True
