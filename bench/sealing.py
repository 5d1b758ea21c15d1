"""Costs of sealing: microseconds for an order's boxes and keys, for reading them, and for a turn of keys.

python -m bench.sealing
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actors.order import buyers
from bench.in_process_shop import open_in_process_shop
from engine.sealing import about_key, unwrap, wrap
from engine.vault import Vault
from testkit.people import ADDRESS, EMAIL, NAME

_ROUNDS: Final = 5_000
_BUYER: Final = buyers.Contact(EMAIL, NAME, "+493012345678", ADDRESS)


def least_us(work: Callable[[], object]) -> float:
    """The least of five rounds."""
    rounds = []
    for _ in range(5):
        began_s = time.perf_counter()
        for _ in range(_ROUNDS):
            work()
        rounds.append((time.perf_counter() - began_s) / _ROUNDS * 1e6)
    return min(rounds)


def seal(vault: Vault) -> None:
    """The boxes and keys that placing an order makes."""
    new = buyers.new_keys(vault, ["ord_1"])
    buyers.seal_all(vault, new.keys, ["ord_1"], [_BUYER])


async def main() -> None:
    with TemporaryDirectory() as folder:
        async with open_in_process_shop(Path(folder)) as shop:
            vault = shop.vault
            new = buyers.new_keys(vault, ["ord_1"])
            contact, _ = buyers.seal(new.keys, "ord_1", _BUYER)
            row = {"id": "ord_1", "contact": contact}
            print(f"keys, boxes, index and tokens of an order: {least_us(lambda: seal(vault)):.1f} us")
            print(f"its index and tokens alone: {least_us(lambda: buyers.tokens_of(vault, _BUYER)):.1f} us")
            print(f"opening the contact: {least_us(lambda: buyers.open_buyer(new.keys, row)):.1f} us")  # type: ignore[arg-type] # as a row
            cover, about = AESGCM(bytes(32)), about_key(new.owners[0])
            wrapped = wrap(cover, bytes(32), about)
            print(f"wrapping a key anew: {least_us(lambda: wrap(cover, unwrap(cover, wrapped, about), about)):.1f} us")


if __name__ == "__main__":
    asyncio.run(main())
