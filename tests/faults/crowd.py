"""A crowd that shops as people and browsers do: impatient, forgetful, double-clicking, and trying again with the same
key when the shop does not answer. It remembers everything it was told, and in the end finds all of it again, or says
what was lost, doubled or oversold.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

import aiohttp
import msgspec

from testkit.people import DELIVERY
from tests.waiting import eventually, pace

Json = dict[str, Any]
T = TypeVar("T")

_TRIES = 3600
_PAUSE_S = 0.1  # Between two tries: together with the tries more patience than any campaign asks for.
_AT_ONCE = 20
_WAVE = 10  # Lists that the warehouse picks, packs and ships together.


@dataclass(frozen=True)
class Told:
    """An order as its buyer was told of it."""

    id: str
    token: str
    total: int
    lines: Mapping[str, int]
    intent: str
    client_secret: str


@dataclass
class Money:
    """By order."""

    charges: Counter[str] = field(default_factory=Counter)  # How many.
    charged: Counter[str] = field(default_factory=Counter)
    back: Counter[str] = field(default_factory=Counter)

    def kept(self, order_id: str) -> bool:
        """Whether all of it stayed here."""
        return not self.back[order_id]


@dataclass
class Tally:
    """What a crowd did, and what of it went wrong."""

    orders: int = 0
    paid: int = 0
    refused: int = 0  # Out of stock, and told so.
    carts_lost: int = 0  # And no order with them.
    tried_again: int = 0  # Requests that were not answered, or with 503.
    replayed: int = 0  # Answers that were given a second time instead of doing the work twice.
    repeated_mails: int = 0  # Under the same Message-ID: known to be one.
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)  # The auditor's.

    @property
    def violations(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.oversold, *self.findings]


class Crowd:
    """Buyers and staff of one shop."""

    def __init__(
        self,
        shop_url: str,
        stripe_key: str,
        staff_token: str,
        *,
        seed: int,
        shelf: Mapping[str, int],
        patience_s: float = 60,
        carts_may_go: bool = False,
    ) -> None:
        self.shop_url = shop_url
        self.tally = Tally()
        self.told: dict[str, Told] = {}
        self.paid: set[str] = set()
        self._stripe_key = stripe_key
        self.staff = {"Authorization": f"Bearer {staff_token}"}
        self._chance = Random(seed)
        self._shelf = shelf  # On hand, before anybody comes.
        self._patience_s = patience_s
        self._carts_may_go = carts_may_go  # With Redis; buyers then begin another.
        self._going_home = False
        self._buyers: list[asyncio.Task[None]] = []
        self._stripe = ""
        self._http: aiohttp.ClientSession

    @asynccontextmanager
    async def shopping(self, buyers: int) -> AsyncIterator[None]:
        """So many are at it while the block lasts; then each ends what was begun, and the warehouse what was paid."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as self._http:
            self._stripe = (await self.ask("GET", "/config"))["stripe"]["api_base"]
            self._going_home = False
            if not self.told:
                for sku, on_hand in self._shelf.items():
                    await self.ask("PUT", f"/admin/api/stock/{sku}", {"on_hand": on_hand}, **self.staff)
            async with asyncio.TaskGroup() as tasks:
                self._buyers = [tasks.create_task(self._buyer(Random(self._chance.random()))) for _ in range(buyers)]
                warehouse = tasks.create_task(self._warehouse())
                yield
                await self.go_home()
                await self._all_is_over()
                warehouse.cancel()
            await self._find_everything_again()

    async def go_home(self) -> None:
        """The buyers end what they began, and begin nothing more."""
        self._going_home = True
        await asyncio.wait(self._buyers)  # An order may still be placed by a key that waits for its lease to end.

    async def is_settled(self) -> bool:
        """Whether every order that anybody was told of is paid or called off, and its money where it belongs."""
        orders, money = await self._all_orders(), await self._money()
        return all(told in orders for told in self.told) and all(
            order["status"] != "pending_payment"
            # Money that came for what was called off meanwhile goes back; or the units are taken.
            and (not money.charged[order_id] or money.kept(order_id) == (order["status"] != "cancelled"))
            for order_id, order in orders.items()
        )

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Json:
        """Ask the shop until it answers. A 4xx is an answer, too."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def attempt() -> Json | None:
            async with self._http.request(method, self.shop_url + path, json=body, headers=named) as answer:
                content = await answer.read()
                self.tally.replayed += "Idempotent-Replayed" in answer.headers
                if answer.status >= 500 or answer.status == 429 or b"idempotency_in_progress" in content:
                    return None
                return {"status": answer.status, **(msgspec.json.decode(content) if content else {})}

        return await self._patiently(attempt, f"{method} {path}")

    # Buyers.

    async def _buyer(self, chance: Random) -> None:
        while not self._going_home:
            await self._buy(chance)

    async def _buy(self, chance: Random) -> None:
        cart = (await self.ask("POST", "/carts", Idempotency_Key=_key(chance)))["id"]
        lines = {sku: chance.randint(1, 2) for sku in chance.sample(sorted(self._shelf), chance.choice([1, 1, 2]))}
        for sku, quantity in list(lines.items()):
            answer = await self.ask("PUT", f"/carts/{cart}/lines/{sku}", {"quantity": quantity})
            if self._is_lost_cart(answer):
                return
            if answer.get("code") == "out_of_stock":
                self.tally.refused += 1
                del lines[sku]
        if not lines or chance.random() < 0.1:  # They forget about it: their units go back by themselves.
            return
        told = await self._check_out(cart, lines, chance)
        if told is None or chance.random() < 0.1:  # They never pay: the order ends by itself.
            return
        if chance.random() < 0.1:
            await self._pay(told, "pm_card_chargeDeclined")
        await self._pay(told, "pm_card_visa")
        if chance.random() < 0.1:  # They change their mind, perhaps too late.
            await self.ask("POST", f"/orders/{told.id}/cancel", Authorization=f"Bearer {told.token}")

    async def _check_out(self, cart: str, lines: Mapping[str, int], chance: Random) -> Told | None:
        key = _key(chance)
        asks = [
            self.ask("POST", f"/carts/{cart}/checkout", DELIVERY, Idempotency_Key=key)
            for _ in range(chance.choice([1, 1, 1, 2]))  # Some click twice.
        ]
        answers = await asyncio.gather(*asks)
        placed = [answer for answer in answers if answer["status"] == 201]
        if not placed and any(self._is_lost_cart(answer) for answer in answers):
            return None
        # `invalid`: it took so long to be answered that it was cancelled; then the key is free for another order.
        assert all(a["status"] == 201 or a["code"] in ("out_of_stock", "cart_empty", "invalid") for a in answers), (
            answers
        )
        if not placed:
            self.tally.refused += 1
            return None
        if len(orders := {answer["order"]["id"] for answer in placed}) > 1:
            self.tally.doubled.append(f"one checkout became the orders {orders}")
        order, payment = placed[0]["order"], placed[0]["payment"]
        told = Told(
            id=order["id"],
            token=placed[0]["access_token"],
            total=payment["amount"]["amount"],
            lines=lines,
            intent=payment["intent"],
            client_secret=payment["client_secret"],
        )
        self.told[told.id] = told
        self.tally.orders += 1
        return told

    def _is_lost_cart(self, answer: Json) -> bool:
        is_lost = self._carts_may_go and answer["status"] == 404 and answer["code"] == "not_found"
        self.tally.carts_lost += is_lost
        return is_lost

    async def _pay(self, told: Told, card: str) -> None:
        """As Stripe.js does in a browser."""
        form = {"key": await self._publishable_key(), "client_secret": told.client_secret, "payment_method": card}

        async def attempt() -> int | None:
            url = f"{self._stripe}/v1/payment_intents/{told.intent}/confirm"
            async with self._http.post(url, data=form) as answer:
                text = await answer.text()
                if answer.status >= 500 or answer.status in (409, 429):
                    return None
                # Confirmed by a try whose answer was lost; or the order was cancelled, and its intent with it.
                return 200 if "payment_intent_unexpected_state" in text and "succeeded" in text else answer.status

        if await self._patiently(attempt, f"payment of {told.id}") == 200:
            self.paid.add(told.id)
            self.tally.paid = len(self.paid)

    async def _publishable_key(self) -> str:
        return str((await self.ask("GET", "/config"))["stripe"]["publishable_key"])

    # The warehouse.

    async def _warehouse(self) -> None:
        # A few at a time: while the shop is killed every few seconds, a hundred would be picked for a minute before the
        # first is shipped, and nothing that comes of shipping would be seen.
        while True:
            for status, step in (("open", "pick"), ("picked", "pack"), ("packed", "ship")):
                lists = await self.ask("GET", f"/admin/api/pick-lists?status={status}&limit={_WAVE}", **self.staff)
                for each in lists.get("items", ()):
                    await self.ask("POST", f"/admin/api/pick-lists/{each['id']}/{step}", **self.staff)
            await pace(_PAUSE_S)

    # The end.

    async def _all_is_over(self) -> None:
        """Every order that anybody was told of has come to its end, and the shop has nothing left to do."""

        async def is_over() -> bool:
            await pace(_PAUSE_S)
            orders = await self._all_orders()
            ended = all(order["status"] in ("delivered", "cancelled") for order in orders.values())
            return ended and await self.is_settled()

        async def is_quiet() -> bool:
            actors = (await self.ask("GET", "/admin/api/actors", **self.staff))["items"]
            return all(actor["mailbox"] == 0 for actor in actors)

        async def adds_up() -> bool:
            return not (await self._audit())

        try:
            await eventually(is_over, within_s=self._patience_s)
            await eventually(is_quiet, within_s=self._patience_s)
            await eventually(adds_up, within_s=self._patience_s)
        except TimeoutError:
            orders = await self._all_orders()
            self.tally.lost += [f"{told} is not there" for told in self.told if told not in orders]
            self.tally.lost += [
                f"{order['id']} stays {order['status']}"
                for order in orders.values()
                if order["status"] not in ("delivered", "cancelled")
            ]
            self.tally.findings += await self._audit()

    async def _audit(self) -> list[str]:
        audit = await self.ask("GET", "/admin/api/audit", **self.staff)
        return [f"{finding['rule']}: {finding['about']}: {finding['detail']}" for finding in audit["findings"]]

    async def _all_orders(self) -> dict[str, Json]:
        return {order["id"]: order for order in await self._pages("/admin/api/orders?limit=100")}

    async def _pages(self, path: str) -> list[Json]:
        items, cursor = [], ""
        while True:
            page = await self.ask("GET", path + (f"&cursor={cursor}" if cursor else ""), **self.staff)
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items

    async def _find_everything_again(self) -> None:
        """Compare what was told with what the shop, Stripe and the mailbox say now."""
        money = await self._money()
        self.tally.doubled += [f"{order_id} was charged {n} times" for order_id, n in money.charges.items() if n > 1]
        await _some_at_once(
            self._find_again(told, money.charged[told.id], money.back[told.id]) for told in self.told.values()
        )
        await self._count_the_shelf()
        await self._count_mails()

    async def _money(self) -> "Money":
        """What Stripe knows."""
        money = Money()
        charges, refunds = await self._stripe_list("charges"), await self._stripe_list("refunds")
        intents = {intent["id"]: intent for intent in await self._stripe_list("payment_intents")}
        for charge in charges:
            if charge["status"] == "succeeded":
                order_id = intents[charge["payment_intent"]]["metadata"].get("order_id", "")
                money.charges[order_id] += 1
                money.charged[order_id] += charge["amount"]
        for refund in refunds:
            if refund["status"] == "succeeded":
                money.back[refund["metadata"].get("order_id", "")] += refund["amount"]
        return money

    async def _find_again(self, told: Told, charged: int, back: int) -> None:
        order = await self.ask("GET", f"/orders/{told.id}", Authorization=f"Bearer {told.token}")
        tally = self.tally
        if order["status"] == 404 or order.get("total", {}).get("amount") != told.total:
            tally.lost.append(f"{told.id} is not what its buyer was told: {order}")
            return
        if {line["sku"]: line["quantity"] for line in order["lines"]} != told.lines:
            tally.lost.append(f"{told.id} has other lines: {order['lines']} for {told.lines}")
        if told.id in self.paid and not charged:
            tally.lost.append(f"{told.id} was paid, and Stripe knows nothing of it")
        if charged and order["status"] == "cancelled" and back != charged:
            tally.lost.append(f"{told.id} was cancelled; {charged} were charged and {back} went back")
        if charged and order["status"] != "cancelled" and back:
            tally.doubled.append(f"{told.id} was delivered, and {back} went back all the same")
        if not charged and order["status"] != "cancelled":
            tally.oversold.append(f"{told.id} is {order['status']} and was never paid")

    async def _count_the_shelf(self) -> None:
        left = Counter(self._shelf)
        sold = [order_id for order_id, order in (await self._all_orders()).items() if order["status"] != "cancelled"]
        for order in await _some_at_once(self.ask("GET", f"/orders/{order_id}", **self.staff) for order_id in sold):
            left.subtract({line["sku"]: line["quantity"] for line in order["lines"]})
        for sku, computed in left.items():
            unsold = await self._unsold(sku)
            if computed < 0:
                self.tally.oversold.append(f"{-computed} {sku} more were sold than there were")
            if unsold != computed:
                self.tally.lost.append(f"{unsold} {sku} are not sold, and should be {computed}")

    async def _unsold(self, sku: str) -> int:
        books = await self.ask("GET", f"/admin/api/stock/{sku}", **self.staff)
        return int(books["on_hand"] - books["assigned"])

    async def _count_mails(self) -> None:
        async with self._http.get(f"{self._stripe}/sandbox/mails?limit=1000") as answer:
            mails = (await answer.json())["items"]
        repeats = Counter(mail["message_id"] for mail in mails)
        self.tally.repeated_mails += sum(n - 1 for n in repeats.values())

    async def _stripe_list(self, kind: str) -> list[Json]:
        items: list[Json] = []
        after = ""
        while True:
            url = f"{self._stripe}/v1/{kind}?limit=100{after}"
            async with self._http.get(url, headers={"Authorization": f"Bearer {self._stripe_key}"}) as answer:
                page = await answer.json()
            items += page["data"]
            if not page["has_more"]:
                return items
            after = f"&starting_after={items[-1]['id']}"

    async def _patiently(self, attempt: Callable[[], Awaitable[T | None]], what: str) -> T:
        for _ in range(_TRIES):
            try:
                result = await attempt()
            except (aiohttp.ClientError, TimeoutError):
                result = None
            if result is not None:
                return result
            self.tally.tried_again += 1
            await pace(_PAUSE_S)
        raise AssertionError(f"{what} was never answered")


async def _some_at_once(asks: Iterable[Awaitable[T]]) -> list[T]:
    """All of them: one by one would take long where each crosses a queue, and all at once are too many for any shop."""
    left, answers = list(asks), list[T]()
    for n in range(0, len(left), _AT_ONCE):
        answers += await asyncio.gather(*left[n : n + _AT_ONCE])
    return answers


def _key(chance: Random) -> str:
    return f"{chance.getrandbits(128):032x}"
