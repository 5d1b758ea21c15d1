"""Money never reads views: what is charged comes from the catalog, and no cache on the way can change it."""

import ast
from pathlib import Path

import pytest

from bus.routes import Routes
from testkit import ShopUnderTest
from tests.journeys.people import Customer, sql
from wiring.domains import ACTORS

ROOT = Path(__file__).parents[3]
MONEY = (
    *(f"actors/{name}" for name in ("cart", "order", "payment", "inventory", "shipping", "email", "analytics")),
    *(f"gateway/api/{name}" for name in ("cart", "order.py", "payment.py", "shipping.py")),
    *(f"bus/messages/{name}.py" for name in ("cart", "order", "payment", "shipping")),
)
FILES = sorted(
    file for place in MONEY for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
)
# What is cached, and the way to it: the reader in the context, and the process's own levels.
FORBIDDEN_MODULES = ("gateway.views", "bus.messages.views", "gateway.api.catalog")
FORBIDDEN_NAMES = {"views", "live_levels", "shared_views", "ReadViews", "ViewReader", "Rendered"}


def test_there_is_money_to_look_at() -> None:
    assert len(FILES) > 30
    assert all(file.exists() for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_what_charges_neither_imports_views_nor_asks_for_one(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    assert not [module for module in modules if module.startswith(FORBIDDEN_MODULES)]
    assert not used & FORBIDDEN_NAMES


def test_no_money_hears_of_changed_products() -> None:
    listeners = Routes(ACTORS).listeners()

    assert set(listeners["ProductChanged"]) == {"search", "views"}


async def test_a_wrong_price_in_every_cache_is_charged_to_nobody(shop: ShopUnderTest, buyer: Customer) -> None:
    """As if all else had failed: the documents say 1 cent, and so does the page."""
    wrong = b"""update catalog.views set revision = revision + 1, body = convert_to(
        replace(convert_from(body, 'UTF8'), '"amount":1450', '"amount":1'), 'UTF8') where product_id = 'MUG'"""
    await sql(shop, wrong.decode())
    await shop.restart()
    assert (await buyer.get("/products/MUG")).good["price"]["amount"] == 1
    (listed,) = (await buyer.get("/products?q=mug")).good["items"]
    assert listed["price"]["amount"] == 1

    cart = await buyer.fill_cart(MUG=2)
    assert (await buyer.get(f"/carts/{cart}")).good["lines"][0]["unit_price"]["amount"] == 1450
    assert (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good["subtotal"]["amount"] == 2900
    bought = (await buyer.check_out(cart, key="once", shipping_method="standard")).good
    assert bought["order"]["subtotal"]["amount"] == 2900
