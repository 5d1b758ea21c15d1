"""Patches that switch a safeguard off: it is replaced, or one of its statements is rewritten.

A statement is found by its text, so that a patch of a safeguard that has changed fails, and is not applied in vain.
"""

import importlib
import inspect
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from testkit import ShopUnderTest


def found(path: str) -> tuple[Any, str]:
    """A module, and what is in it: `actors.order.rules.paid`."""
    module, _, name = path.rpartition(".")
    return importlib.import_module(module), name


@contextmanager
def replaced(where: object, *what: object) -> Iterator[None]:
    """`replaced(owner, name, value)`, or `replaced("module.name", value)`."""
    owner, name = found(where) if isinstance(where, str) else (where, str(what[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, what[-1])
        yield


@contextmanager
def changed(path: str, key: object, value: object) -> Iterator[None]:
    """An entry of a table: `changed("actors.order.rules.NEXT", ("paid", "picking"), "cancelled")`."""
    owner, name = found(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(getattr(owner, name), key, value)
        yield


@contextmanager
def reworded(path: str, old: str, new: str) -> Iterator[None]:
    """A statement of SQL, or of any other language, with other words in it."""
    owner, name = found(path)
    text = getattr(owner, name)
    assert text.count(old) == 1, f"{path} has changed: {old!r} is not in it once"
    with replaced(path, text.replace(old, new)):
        yield


@contextmanager
def rewritten(function: Callable[..., Any], *changes: tuple[str, str]) -> Iterator[None]:
    """A function with some of its statements changed, wherever it is known already: by its handler, say."""
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in changes:
        assert source.count(old) == 1, f"{function.__qualname__} has changed: {old!r} is not in it once"
        source = source.replace(old, new)
    scope = dict(function.__globals__)
    exec(compile(source, f"<{function.__qualname__}, rewritten>", "exec"), scope)
    code, other = function.__code__, inspect.unwrap(scope[function.__name__])
    function.__code__ = getattr(other, "__func__", other).__code__
    try:
        yield
    finally:
        function.__code__ = code


@asynccontextmanager
async def without_constraint(shop: ShopUnderTest, table: str, name: str) -> AsyncIterator[None]:
    """The shop's database is its own, and nobody needs it afterwards."""
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute(f"alter table {table} drop constraint {name}")
    yield
