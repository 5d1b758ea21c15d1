"""A scripted buyer and the warehouse's staff, who take one order from cart to delivered over HTTP.

Both behave as people and browsers do: every request that changes something may be retried, and is, while the shop does
not answer. So a tour survives a shop that is killed and restarted meanwhile.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import ClassVar, TypeVar

import aiohttp
import msgspec

_STEP_TIMEOUT_S = 120.0  # For each step.
_PAUSE_S = 0.25
_CHOICES = 20  # Of goods, while other buyers are quicker.
_QUANTITY = 2  # Of what is bought.
_RETRYABLE = frozenset({409, 429, 500, 502, 503, 504})

T = TypeVar("T")


class TourFailed(Exception):
    """The shop answered wrongly, or not at all."""


class _SoldOut(TourFailed):
    """Another buyer was quicker. Units that come back do so later than a tour waits."""


class TourMoment(msgspec.Struct, frozen=True):
    """An entry of the order's timeline."""

    at: datetime
    event: str
    detail: str
    title: str = ""  # In words, like `text`.
    text: str = ""


class TourOrder(msgspec.Struct, frozen=True):
    """The order as its buyer sees it."""

    id: str
    number: str
    status: str
    timeline: list[TourMoment]
    status_text: str = ""


class _Product(msgspec.Struct, frozen=True):
    id: str
    available: int


class _Products(msgspec.Struct, frozen=True):
    items: list[_Product]


class _Sku(msgspec.Struct, frozen=True):
    sku: str
    available: int


class _Detail(msgspec.Struct, frozen=True):
    skus: list[_Sku]


class _Cart(msgspec.Struct, frozen=True):
    id: str


class _Refusal(msgspec.Struct, frozen=True):
    code: str


class _Payment(msgspec.Struct, frozen=True):
    intent: str
    client_secret: str
    publishable_key: str


class _CheckedOut(msgspec.Struct, frozen=True):
    order: TourOrder
    access_token: str
    payment: _Payment


class _Stripe(msgspec.Struct, frozen=True):
    api_base: str


class _Config(msgspec.Struct, frozen=True):
    stripe: _Stripe


class Tour:
    """A walk through the shop."""

    STEPS: ClassVar = 8

    def __init__(self, shop_url: str, staff_token: str, on_step: Callable[[str], None]) -> None:
        self._shop = shop_url.rstrip("/")
        self._staff = {"Authorization": f"Bearer {staff_token}"}
        self._on_step = on_step
        self._http: aiohttp.ClientSession

    async def walk(self) -> TourOrder:
        """Buy goods, and follow the order until it is delivered.

        Raises:
            TourFailed: The shop answered wrongly, or not at all.
        """
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as self._http:
            await self._find_the_shop()
            cart, sku = await self._fill_a_cart()
            self._on_step(f"Two {sku} are in the cart")
            bought = await self._check_out(cart)
            self._on_step(f"Order {bought.order.number} is placed")
            await self._pay(bought.payment)
            self._on_step("The card is charged")
            await self._until(bought, "paid")
            self._on_step("The payment has arrived")
            await self._work_in_the_warehouse(bought.order.id)
            await self._until(bought, "shipped")
            self._on_step("The carrier is booked")
            order = await self._until(bought, "delivered")
            self._on_step("Delivered")
            return order

    async def _find_the_shop(self) -> None:
        """Connect without retries: only a shop that has answered once is waited for."""
        try:
            async with self._http.get(f"{self._shop}/health/live") as answer:
                is_shop = answer.status == 200 and answer.content_type == "application/json"
                if not is_shop:
                    raise TourFailed(f"no ShopFlow answers at {self._shop}, but another program")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TourFailed(f"no shop answers at {self._shop}: start one with `run.py`") from error

    async def _fill_a_cart(self) -> tuple[str, str]:
        cart = await self._send("POST", "/carts", None, _Cart, key=secrets.token_hex(16))
        for _ in range(_CHOICES):
            sku = await self._choose()
            with suppress(_SoldOut):
                await self._send("PUT", f"/carts/{cart.id}/lines/{sku}", {"quantity": _QUANTITY}, _Cart)
                return cart.id, sku
        raise TourFailed(f"others were quicker, {_CHOICES} times")

    async def _choose(self) -> str:
        """Choose a SKU of which enough is left."""
        products = await self._get("/products?limit=100", _Products)
        for product in products.items:
            if product.available >= _QUANTITY:
                detail = await self._get(f"/products/{product.id}", _Detail)
                most = max(detail.skus, key=lambda sku: sku.available)
                if most.available >= _QUANTITY:
                    return most.sku
        raise TourFailed("there is nothing to buy: bring goods in with `run.py import FILE.csv`")

    async def _check_out(self, cart: str) -> _CheckedOut:
        body = {
            "email": "ada@example.com",
            "name": "Ada Buyer",
            "address": {"line1": "1 Harbour Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"},
            "shipping_method": "standard",
        }
        return await self._send("POST", f"/carts/{cart}/checkout", body, _CheckedOut, key=secrets.token_hex(16))

    async def _pay(self, payment: _Payment) -> None:
        """Confirm the payment as Stripe.js does in a browser."""
        url = f"/v1/payment_intents/{payment.intent}/confirm"
        form = {
            "key": payment.publishable_key,
            "client_secret": payment.client_secret,
            "payment_method": "pm_card_visa",
        }

        async def attempt() -> bool:
            # Read each time: a restarted sandbox may have another port.
            base = (await self._get("/config", _Config)).stripe.api_base
            async with self._http.post(base + url, data=form) as answer:
                text = await answer.text()
                # The second: confirmed by an earlier try whose answer was lost, which is as good.
                return answer.status == 200 or "payment_intent_unexpected_state" in text

        await self._retry_until(attempt, lambda done: done, "the payment")

    async def _work_in_the_warehouse(self, order_id: str) -> None:
        for step in ("pick", "pack", "ship"):
            await self._send("POST", f"/admin/api/pick-lists/{order_id}/{step}", None, msgspec.Raw, self._staff)
            self._on_step(f"The warehouse has done: {step}")

    async def _until(self, bought: _CheckedOut, status: str) -> TourOrder:
        """Poll until the order has reached this status."""
        way = ("pending_payment", "paid", "picking", "packed", "shipped", "in_transit", "delivered")
        headers = {"Authorization": f"Bearer {bought.access_token}"}

        def has_reached(order: TourOrder) -> bool:
            if order.status == "cancelled":
                raise TourFailed("the order was cancelled")
            return way.index(order.status) >= way.index(status)

        async def poll() -> TourOrder:
            return await self._get(f"/orders/{bought.order.id}", TourOrder, headers)

        return await self._retry_until(poll, has_reached, f"the order to be {status}")

    async def _get(self, path: str, kind: type[T], headers: dict[str, str] | None = None) -> T:
        return await self._send("GET", path, None, kind, headers)

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        kind: type[T],
        headers: dict[str, str] | None = None,
        *,
        key: str = "",
    ) -> T:
        headers = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}

        async def attempt() -> bytes | None:
            async with self._http.request(method, self._shop + path, json=body, headers=headers) as answer:
                content = await answer.read()
                if answer.status == 409 and _code(content) == "out_of_stock":
                    raise _SoldOut(f"{method} {path}: others were quicker")
                if answer.status in _RETRYABLE:
                    return None
                if answer.status >= 400:
                    raise TourFailed(f"{method} {path} was answered {answer.status}: {content.decode()[:300]}")
                return content

        content = await self._retry_until(attempt, lambda content: content is not None, f"{method} {path}")
        return msgspec.json.decode(content or b"", type=kind)

    async def _retry_until(self, attempt: Callable[[], Awaitable[T]], is_good: Callable[[T], bool], what: str) -> T:
        """Retry until the answer is good, through restarts of the shop, for a bounded time."""
        problem = "the answers were never what was expected"
        for _ in range(int(_STEP_TIMEOUT_S / _PAUSE_S)):
            try:
                result = await attempt()
                if is_good(result):
                    return result
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
            await asyncio.sleep(_PAUSE_S)
        raise TourFailed(f"waited {_STEP_TIMEOUT_S:g} s for {what}: {problem}")


def _code(problem: bytes) -> str:
    return msgspec.json.decode(problem, type=_Refusal).code
