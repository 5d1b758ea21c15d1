"""What parcels cost from the first day on, and in a shop that lived before that was data."""

from pathlib import Path
from shutil import copy

import pytest

from actors.shipping import methods, rules
from bus.messages.shipping import MethodPrice, SetShippingMethod
from engine.clock import ManualClock
from engine.migrations import migrate
from engine.postgres import Database, open_database
from testkit import Servers

SCHEMA = Path(methods.__file__).parent / "schema"


async def prices(database: Database, *currencies: str) -> list[list[tuple[str, int, int | None]]]:
    found = await methods.priced(database, currencies)
    return [[(method.id, method.price, method.free_from) for method in found[currency]] for currency in currencies]


async def test_a_new_shop_has_prices_that_fit_its_currency(servers: Servers, clock: ManualClock) -> None:
    url = await servers.fresh_database({"shipping": SCHEMA})
    async with open_database(url, connections=2) as database:
        euros, dinars, dirhams = await prices(database, "EUR", "KWD", "MAD")
        async with database.transaction(clock.now()) as tx:
            everything = (await methods.read(tx)).values()

    assert euros == [("standard", 490, 7500), ("express", 990, None)]
    assert all(price % 10 == 0 for _, price, _ in dinars)  # Stripe takes no thousandths.
    assert dirhams == []  # Rather none than a wrong one.
    for method in everything:
        for price in method.prices:
            ask = SetShippingMethod(
                id=method.id, title=method.title, days_min=method.days_min, days_max=method.days_max, price=price
            )
            assert rules.refusal(ask) == ""


async def test_a_shop_that_has_shipped_goes_on_at_the_prices_it_had(
    servers: Servers, clock: ManualClock, tmp_path: Path
) -> None:
    copy(SCHEMA / "0001_shipments.sql", tmp_path)
    url = await servers.fresh_database({"shipping": tmp_path})
    async with open_database(url, connections=2) as database:
        async with database.transaction(clock.now()) as tx:
            await tx.execute(
                "insert into shipping.shipments values ('ord_1', 'shp_1', 'Carrier', 'T1', $1)", clock.now()
            )
        await migrate(url, {"shipping": SCHEMA}, clock)

        assert await prices(database, "EUR", "MAD") == [[("standard", 490, 7500), ("express", 990, None)]] * 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": " "}, "title"), ({"title": "\u200b"}, "title"), ({"title": "a\nb"}, "title"),
        ({"days_min": 3, "days_max": 2}, "days"), ({"days_max": 366}, "days"),
        ({"price": MethodPrice(currency="eur", price=1)}, "price"),
        ({"price": MethodPrice(currency="EUR\n", price=1)}, "price"),
        ({"price": MethodPrice(currency="EUR", price=-1)}, "price"),
        ({"price": MethodPrice(currency="EUR", price=1, free_from=10**9)}, "price"),
        ({"price": MethodPrice(currency="KWD", price=1501)}, "price"),
        ({"price": MethodPrice(currency="KWD", price=1500)}, ""),
        ({"price": MethodPrice(currency="JPY", price=0, free_from=0)}, ""),
    ],
)  # fmt: skip
def test_a_price_that_makes_no_sense_is_refused_with_a_sentence(change: dict[str, object], says: str) -> None:
    sensible: dict[str, object] = {
        "id": "standard", "title": "Standard", "days_min": 2, "days_max": 5,
        "price": MethodPrice(currency="EUR", price=490),
    }  # fmt: skip

    assert rules.refusal(SetShippingMethod(**(sensible | change))).partition(":")[0] == says  # type: ignore[arg-type] # as each case has it
