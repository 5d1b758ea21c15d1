"""A safeguard that can be switched off, and the scenario that must notice."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass

from testkit import ShopUnderTest
from tests.faults.ablation_patches import without_constraint
from tests.faults.scenarios.parts import Scenario

Off = Callable[[ShopUnderTest], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Ablation:
    """One safeguard."""

    name: str
    guards: str  # Against what.
    off: Off
    scenario: Scenario


def patches(*parts: Callable[[], AbstractContextManager[None]]) -> Off:
    """Switch a safeguard off by all of these patches."""

    @asynccontextmanager
    async def off(_: ShopUnderTest) -> AsyncIterator[None]:
        with ExitStack() as stack:
            for part in parts:
                stack.enter_context(part())
            yield

    return off


def constraint(table: str, name: str) -> Off:
    return lambda shop: without_constraint(shop, table, name)
