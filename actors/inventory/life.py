"""The life of a hold, as a table with its bookkeeping. Pure.

A SKU has three numbers: `on_hand` (what a picker can count, with what is packed and waits for its carrier), `assigned`
(sold, and not gone) and `held` (set aside for carts and payments). Each row of `HOLD_NEXT` gives a hold's next stage
after a fact, and the change of the three numbers per unit. A pair without a row changes nothing: facts come late, early
and repeatedly.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

Stage: TypeAlias = Literal[
    "cart", "checkout", "payment", "processing", "sold", "shipped", "expired", "returned"
]  # fmt: skip
Fact: TypeAlias = Literal[
    "order_placed", "processing", "payment_failed", "paid", "paid_late", "order_cancelled", "abandoned", "shipped",
    "ended",
]  # fmt: skip

HELD: Final[frozenset[Stage]] = frozenset({"cart", "checkout", "payment", "processing"})
ENDING: Final[frozenset[Stage]] = frozenset({"cart", "checkout", "payment"})  # Stages that end by the clock.
PLACED: Final[frozenset[Stage]] = frozenset({"payment", "processing", "sold", "shipped", "returned"})


class Move(NamedTuple):
    """The effect of a fact on a hold: its next stage, with the bookkeeping."""

    stage: Stage
    on_hand: int = 0  # A change per unit, like the two below.
    assigned: int = 0
    held: int = 0
    reason: str = ""  # For the ledger; empty where the books stay as they are.


HOLD_NEXT: Final[Mapping[tuple[Stage, Fact], Move]] = {
    ("checkout", "order_placed"): Move("payment"),
    ("checkout", "processing"): Move("processing"),
    ("payment", "processing"): Move("processing"),
    ("processing", "payment_failed"): Move("payment"),
    ("checkout", "paid"): Move("sold", assigned=+1, held=-1, reason="sold"),
    ("payment", "paid"): Move("sold", assigned=+1, held=-1, reason="sold"),
    ("processing", "paid"): Move("sold", assigned=+1, held=-1, reason="sold"),
    ("expired", "paid"): Move("sold", assigned=+1, reason="sold late"),  # If enough units are still available.
    ("expired", "paid_late"): Move("sold", assigned=+1, reason="sold late"),  # Likewise.
    ("returned", "paid_late"): Move("sold", assigned=+1, reason="sold late"),  # Likewise.
    ("sold", "shipped"): Move("shipped", on_hand=-1, assigned=-1, reason="shipped"),
    # Shipped while the message about its payment is parked: the units have left all the same.
    ("payment", "shipped"): Move("shipped", on_hand=-1, held=-1, reason="shipped"),
    ("processing", "shipped"): Move("shipped", on_hand=-1, held=-1, reason="shipped"),
    ("expired", "shipped"): Move("shipped", on_hand=-1, reason="shipped"),  # If the units are still available.
    ("checkout", "order_cancelled"): Move("returned", held=-1, reason="released"),
    ("payment", "order_cancelled"): Move("returned", held=-1, reason="released"),
    ("processing", "order_cancelled"): Move("returned", held=-1, reason="released"),
    ("expired", "order_cancelled"): Move("returned"),
    ("sold", "order_cancelled"): Move("returned", assigned=-1, reason="returned"),
    ("checkout", "abandoned"): Move("expired", held=-1, reason="released"),  # A repeat may yet place its order.
    ("checkout", "ended"): Move("expired", held=-1, reason="expired"),
    ("payment", "ended"): Move("expired", held=-1, reason="expired"),
}
