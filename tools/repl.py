"""A Python shell beside the shop, running or not: `make repl`.

    >>> await shop.ask(GetOrder(id="..."))

`shop` is the bus, `database` the pool; every message has its name. Nothing stored is handled here.
"""

import ast
import asyncio
import code
import inspect
import types
from collections.abc import Awaitable, Callable

from bus.routes import Routes
from cli.running import existing_shop, run
from wiring.domains import ACTORS, ShopSettings

_GREETING = "A shop is attached: await shop.ask(...). Every message has its name; Ctrl-D ends."


class Console(code.InteractiveConsole):
    """A Python shell that knows `await`. It runs in a thread; what is awaited runs in the shop's loop."""

    def __init__(self, names: dict[str, object], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(names)
        self._loop = loop
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def runcode(self, code: types.CodeType) -> None:
        """Run one input, and print what went wrong in it."""
        try:
            result = types.FunctionType(code, self.locals)()
            if inspect.isawaitable(result):
                asyncio.run_coroutine_threadsafe(_awaited(result), self._loop).result()
        except SystemExit:
            raise
        except (Exception, KeyboardInterrupt):  # noqa: BLE001  # A shell goes on, whatever was typed.
            self.showtraceback()


async def _awaited(result: Awaitable[object]) -> object:
    return await result


async def shell(settings: ShopSettings, interact: Callable[[Console], None]) -> None:
    """Attach to the shop, and let somebody type."""
    async with existing_shop(settings) as shop:
        kinds = {kind.__name__: kind for kind in Routes(ACTORS).message_types()}
        names: dict[str, object] = {**kinds, "shop": shop.bus, "database": shop.services.database}
        await asyncio.to_thread(interact, Console(names, asyncio.get_running_loop()))


def main() -> None:
    """Open it for whoever sits at the terminal."""
    run(lambda settings: shell(settings, lambda console: console.interact(_GREETING, exitmsg="")))


if __name__ == "__main__":
    main()
