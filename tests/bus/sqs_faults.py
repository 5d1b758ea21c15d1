"""SQS with faults: it repeats, shuffles, holds back, refuses and goes away, as its documentation says it may, only
far more often.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from bus.sqs.client import Sqs
from bus.sqs.wire import WireMessage
from engine.errors import Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import BatchResultErrorEntryTypeDef, MessageTypeDef

_WINDOW = 40  # Messages that are shuffled among each other.
_ITS_OWN_FAULT: "BatchResultErrorEntryTypeDef" = {"Id": "", "SenderFault": False, "Code": "InternalError"}


class FaultySqs(Sqs):
    """A connection to SQS that adds faults."""

    def __init__(
        self,
        sqs: Sqs,
        chance: Random,
        *,
        repeated: float = 0.0,
        late: float = 0.0,
        failing: float = 0.0,
        is_shuffled: bool = False,
    ) -> None:
        super().__init__(sqs.client, sqs._s3, sqs.settings)
        self.repeated = repeated
        self.late = late
        self.failing = failing
        self.is_shuffled = is_shuffled
        self.is_down = False
        self.counts: Counter[str] = Counter()
        self._chance = chance
        self._held: dict[str, list[MessageTypeDef]] = {}  # Of each queue: copies to come, and what is shuffled.
        self._late: dict[str, list[MessageTypeDef]] = {}

    def stop_faults(self) -> None:
        """Stop all faults, and deliver what was held back."""
        self.repeated = self.late = self.failing = 0.0
        self.is_shuffled = self.is_down = False
        for queue, messages in self._late.items():
            self._held.setdefault(queue, []).extend(messages)
        self._late = {}

    def has_delivered_all(self) -> bool:
        """Whether nothing is held back any more."""
        return not any(self._held.values())

    async def receive(self, queue: str, wait_s: int, visibility_s: int) -> Sequence["MessageTypeDef"]:
        self._fall_over()
        held = self._held.setdefault(queue, [])
        come = list(await super().receive(queue, 0 if held else wait_s, visibility_s))
        for message in come:
            if self._happens(self.late, "late"):
                self._late.setdefault(queue, []).append(message)
            else:
                copies = self._chance.randint(2, 5) if self._happens(self.repeated, "repeated") else 1
                held += [message] * copies
        if self.is_shuffled:
            self._chance.shuffle(held)
            if come and len(held) < _WINDOW:
                return ()
        taken, self._held[queue] = held[:10], held[10:]
        return taken

    async def send(self, queue: str, letters: Sequence[WireMessage]) -> dict[int, "BatchResultErrorEntryTypeDef"]:
        self._fall_over()
        refused = {place for place in range(len(letters)) if self._happens(self.failing, "send failed")}
        kept = [place for place in range(len(letters)) if place not in refused]
        failed = await super().send(queue, [letters[place] for place in kept]) if kept else {}
        return dict.fromkeys(refused, _ITS_OWN_FAULT) | {kept[place]: error for place, error in failed.items()}

    async def delete(self, queue: str, receipts: Sequence[str]) -> dict[int, "BatchResultErrorEntryTypeDef"]:
        self._fall_over()
        failed = await super().delete(queue, receipts)
        for place in range(len(receipts)):  # Done, and said not to be: then it is tried again, with a stale receipt.
            if place not in failed and self._happens(self.failing, "delete failed"):
                failed[place] = _ITS_OWN_FAULT
        return failed

    async def change_visibility(
        self, queue: str, leases: Sequence[tuple[str, int]]
    ) -> dict[int, "BatchResultErrorEntryTypeDef"]:
        self._fall_over()
        failed = await super().change_visibility(queue, leases)
        for place in range(len(leases)):
            if place not in failed and self._happens(self.failing, "visibility failed"):
                failed[place] = _ITS_OWN_FAULT
        return failed

    def _fall_over(self) -> None:
        if self.is_down:
            self.counts["down"] += 1
            raise Unavailable("SQS", "it is down", retry_after_s=1.0)

    def _happens(self, how_often: float, what: str) -> bool:
        happens = self._chance.random() < how_often
        self.counts[what] += happens
        return happens


def without_faults(sqs: Sqs) -> FaultySqs:
    """A connection without faults yet, which may get some for one process and not for the others."""
    return FaultySqs(sqs, Random(0))
