"""A simple model of one payment at Stripe: what buyer, bank and dashboard do to it, and what Stripe tells of that.

Every method gives the answer of whoever acted, and the facts that Stripe sends webhooks about.
"""

from dataclasses import dataclass, field
from typing import Final

Answer = tuple[object, ...]
REFUSED: Final[Answer] = ("refused",)


@dataclass(frozen=True)
class Fact:
    """What Stripe tells the shop of a payment."""

    what: str
    number: int = 0  # Of the refund, dispute or warning it is about.
    amount: int = 0


@dataclass
class Payment:
    """A payment intent, and all that hangs on it."""

    amount: int
    intent: str = "open"  # Then "processing", "paid" or "canceled".
    refunds: list[int] = field(default_factory=list)
    disputes: list[str] = field(default_factory=list)  # Each is "inquiry", "open", "won", "lost" or "closed".
    disputed: int = 0  # What the newest dispute is about.
    warnings: int = 0

    @property
    def left(self) -> int:
        """What could be given back."""
        return self.amount - sum(self.refunds)

    @property
    def is_taken(self) -> bool:
        """Whether the buyer's bank has the money, for now or for good."""
        return any(dispute in ("open", "lost") for dispute in self.disputes)

    def pay(self, method: str) -> tuple[Answer, list[Fact]]:
        if self.intent != "open":
            return ("not payable",), []
        if method == "bad":
            return ("declined",), [Fact("declined")]
        if method == "debit":
            self.intent = "processing"
            return ("asked the bank",), [Fact("processing")]
        self.intent = "paid"
        return ("paid",), [Fact("paid")]

    def settle(self, verdict: str) -> tuple[Answer, list[Fact]]:
        """The bank decides a debit."""
        if self.intent != "processing":
            return REFUSED, []
        self.intent = "paid" if verdict == "yes" else "open"
        return (verdict,), [Fact("paid" if verdict == "yes" else "failed")]

    def cancel(self) -> str:
        """Make it unpayable, unless a bank is asked or it was paid; says what it is then."""
        if self.intent == "open":
            self.intent = "canceled"
        return self.intent

    def refund(self, amount: int | None) -> int | None:
        """Give money back, or all that is left; None if Stripe refuses."""
        wanted = self.left if amount is None else amount
        if self.intent != "paid" or self.is_taken or not 0 < wanted <= self.left:
            return None
        self.refunds.append(wanted)
        return wanted

    def refund_in_dashboard(self, amount: int | None) -> tuple[Answer, list[Fact]]:
        given = self.refund(amount)
        if given is None:
            return REFUSED, []
        return ("refunded", given), [Fact("refunded", len(self.refunds) - 1, given)]

    def dispute(self, kind: str) -> tuple[Answer, list[Fact]]:
        """The buyer's bank asks, or takes the money. What it has taken for good it does not ask about again."""
        if self.intent != "paid" or any(known in ("inquiry", "open", "lost") for known in self.disputes):
            return REFUSED, []
        self.disputes.append(kind)
        self.disputed = self.left or self.amount
        opened = Fact(f"dispute {kind}", len(self.disputes), self.disputed)
        return ("disputed", self.disputed), [opened, *self._moved("taken", if_=kind == "open")]

    def decide(self, verdict: str) -> tuple[Answer, list[Fact]]:
        """The bank decides a dispute. One about which it only asks is closed, or it takes the money after all."""
        status = self.disputes[-1] if self.disputes else ""
        following = {
            ("inquiry", "won"): "closed", ("inquiry", "lost"): "closed", ("inquiry", "escalated"): "open",
            ("open", "won"): "won", ("open", "lost"): "lost",
        }.get((status, verdict))  # fmt: skip
        if following is None:
            return REFUSED, []
        self.disputes[-1] = following
        told = Fact(f"dispute {following}", len(self.disputes), self.disputed)
        moved = self._moved("taken", if_=following == "open") + self._moved("put back", if_=following == "won")
        return (following,), [told, *moved]

    def warn(self) -> tuple[Answer, list[Fact]]:
        """The card's issuer believes in fraud."""
        if self.intent != "paid":
            return REFUSED, []
        self.warnings += 1
        return ("warned",), [Fact("warned", self.warnings)]

    def _moved(self, how: str, *, if_: bool) -> list[Fact]:
        return [Fact(f"funds {how}", len(self.disputes), self.disputed)] if if_ else []
