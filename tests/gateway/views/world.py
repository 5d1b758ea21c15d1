"""A world of views without servers: a catalog, a Redis that is a dict, and processes; a scheduler lets each step on."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis

from bus.messages.base import Money
from bus.messages.catalog import Product, SkuView
from bus.messages.views import ProductView, ProductViews, ReadViewChanges, ReadViews, ViewChanges, ViewRevision
from engine.clock import ManualClock
from gateway.api.catalog.showing import render
from gateway.views.floors import Floors
from gateway.views.reader import ViewReader
from gateway.views.rendered import Rendered
from gateway.views.shared import SharedViews

GONE: Final = 0  # The revision of what is not there.


def product(name: str, revision: int = 1, **changes: Any) -> Product:
    price = Money(amount=100 + revision, currency="EUR")
    skus = (SkuView(sku=f"{name}-1", title="One", price=price, weight_g=1),)
    given: dict[str, Any] = {
        "slug": f"{name.lower()}-slug", "title": name, "category": "", "description": "", "skus": skus, **changes
    }  # fmt: skip
    return Product(id=name, revision=revision, **given)


class Steps:
    """Work that stands still wherever it would wait for somebody else, until it is let on."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    async def pause(self) -> None:
        step = asyncio.get_running_loop().create_future()
        self.waiting.append(step)
        try:
            await step
        finally:
            if step in self.waiting:
                self.waiting.remove(step)

    async def let_on(self, which: int) -> None:
        """Let one piece of work make its next step, and whatever follows from it by itself."""
        self.waiting = [step for step in self.waiting if not step.done()]
        if self.waiting:
            self.waiting.pop(which % len(self.waiting)).set_result(None)
        await settle()


async def settle() -> None:
    for _ in range(25):
        await asyncio.sleep(0)


class Database:
    """The catalog: products by their revision, all changes numbered."""

    def __init__(self, steps: Steps, names: Sequence[str]) -> None:
        self._steps = steps
        self.revisions = {name: place for place, name in enumerate(names, start=1)}
        self.last = len(names)
        self.read = 0  # Statements that read views.

    def commit(self, name: str, *, is_removal: bool = False) -> ViewRevision:
        self.last += 1
        self.revisions[name] = -self.last if is_removal else self.last
        return ViewRevision(product_id=name, revision=self.last)

    def view(self, name: str) -> ProductView | None:
        revision = self.revisions.get(name, GONE)
        return (
            ProductView(revision=revision, product=product(name, revision), images=(), bundles=())
            if revision > 0
            else None
        )

    async def ask(self, command: Any, *, timeout_s: float | None = None) -> Any:
        await self._steps.pause()
        answer = self._answer(command)
        await self._steps.pause()  # It is on its way, and may be old when it comes.
        return answer

    def tell(self, command: object) -> None:
        raise AssertionError(f"nobody is told {command}")

    def _answer(self, command: ReadViews | ReadViewChanges) -> ProductViews | ViewChanges:
        if isinstance(command, ReadViews):
            self.read += 1
            ids = [name.removesuffix("-slug").upper() for name in command.names]
            return ProductViews(views=tuple(view for each in dict.fromkeys(ids) if (view := self.view(each))))
        after = self.last if command.after is None else command.after
        changed = [(abs(revision), name) for name, revision in self.revisions.items() if abs(revision) > after]
        known = [(max(0, self.revisions.get(each.product_id, 0)), each.product_id) for each in command.known
                 if max(0, self.revisions.get(each.product_id, 0)) != each.revision]  # fmt: skip
        told = [ViewRevision(product_id=name, revision=revision) for revision, name in [*sorted(changed), *known]]
        return ViewChanges(revision=self.last, changes=tuple(told), is_more=False)


class DictRedis(SharedViews):
    """Redis as a dict: its own account of the rule that newer wins, and of gravestones."""

    def __init__(self, steps: Steps, clock: ManualClock) -> None:
        super().__init__(Redis(), clock)  # Never asked.
        self._steps = steps
        self.kept: dict[str, tuple[int, ProductView | None]] = {}

    async def read(self, product_ids: Sequence[str]) -> dict[str, ProductView]:
        await self._steps.pause()
        found = {each: view for each in product_ids if (view := self.kept.get(each, (0, None))[1])}
        await self._steps.pause()
        return found

    async def write(self, views: Sequence[ProductView], most_each: int, most_bytes: int) -> None:
        await self._steps.pause()
        for view in views:
            self._keep(view.product.id, view.revision, view)

    async def drop(self, product_ids: Sequence[str]) -> None:
        for each in product_ids:
            self.kept.pop(each, None)

    def bury_now(self, revision: ViewRevision) -> None:
        self._keep(revision.product_id, revision.revision, None)

    def _keep(self, name: str, version: int, view: ProductView | None) -> None:
        known, kept = self.kept.get(name, (-1, None))
        if known < version or (known == version and kept is None):
            self.kept[name] = version, view


class Process:
    """A process that shows views."""

    def __init__(self, database: Database, redis: SharedViews, clock: ManualClock, most_bytes: int = 1 << 20) -> None:
        self.floors = Floors()
        self.reader = ViewReader(
            bus=database,
            shared=redis,
            floors=self.floors,
            render=lambda view: render("/media", view),
            clock=clock,
            most_bytes=most_bytes,
        )

    def hears(self, revision: ViewRevision) -> None:
        self.reader.changed([revision], None)

    async def find(self, name: str) -> Rendered | None:
        return await self.reader.find(name)
