"""Erasures, step by step until nothing of a person can be read, and the proofs of them.

    CustomerErased, EraseGuest   the keys of the account are gone; an erasure is open
      CarryOut                   orders forget their buyer, as each has ended; the list outside learns of it; then each
                                 domain is asked for what it can read
        RecordOutcome            nothing: a receipt, linked to the last one. Else it is tried again, and again

Each step is a stored message that is safe to repeat, so whenever the process dies an erasure goes on where it was.

Rejected: docs/decisions/0053.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from actors.privacy import rules, store
from actors.privacy.erased_list import ErasedList
from actors.privacy.private import BeginErasure, CarryOut, ForgetRevived, RecordOutcome
from bus.messages.audit import Findings
from bus.messages.base import OrderId
from bus.messages.customer import CustomerErased
from bus.messages.customer_own import ListCustomerOrders
from bus.messages.privacy import (
    AT_ONCE,
    LONGEST_REASON,
    AuditErasures,
    EraseCustomer,
    EraseGuest,
    ErasureBegun,
    Erasures,
    FindOrder,
    ForgetCart,
    ForgetOrders,
    HoldPerson,
    LegalHold,
    LegalHolds,
    ListErasures,
    ListLegalHolds,
    NoSuchPerson,
    PersonalData,
    PersonHeld,
    ReadPersonalAccount,
    ReadPersonalOrders,
    ReadPersonalParcels,
    ReleasePerson,
    SubjectId,
)
from engine import legal_holds, telemetry
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_MOST_LISTED: Final = 1000
_FORGOTTEN = CrashPoint("orders-forgotten", "A person's orders have forgotten them; the list outside does not know.")
_LISTED = CrashPoint("erased-listed", "The list outside has a person; no receipt proves that they are forgotten.")


class Privacy(Actor):
    """Sees to it that whoever is to be forgotten is, and keeps the proofs."""

    def __init__(self, *, bus: Bus, database: Database, clock: Clock, listed: ErasedList) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._listed = listed
        self._log = telemetry.logger(actor="privacy")

    @call(limit=1, timeout_s=600)
    async def forget_revived(self, ask: ForgetRevived) -> None:
        del ask
        while subjects := await self._revived():
            for subject in subjects:
                await self._forget_again(subject)

    async def _revived(self) -> Sequence[SubjectId]:
        async with self._database.reading(self._clock.now()) as tx:
            return await store.revived(tx, AT_ONCE)

    async def _forget_again(self, subject: SubjectId) -> None:
        if _is_customer(subject):
            await self._bus.ask(EraseCustomer(customer_id=subject, reason="replayed"))
        else:
            await self._bus.ask(EraseGuest(order_id=subject, reason="replayed"))
        async with self._database.transaction(self._clock.now()) as tx:
            await store.forgotten_again(tx, subject)

    # --- Beginning ---

    @turn
    async def on_customer_erased(self, tx: Transaction, event: CustomerErased) -> None:
        await store.begin(tx, event.customer_id, event.reason)
        if event.cart_id:
            tx.send(ForgetCart(cart_id=event.cart_id))
        tx.send(CarryOut(subject=event.customer_id))

    @call
    async def erase_guest(self, ask: EraseGuest) -> BeginErasure | NoSuchPerson:
        found = await self._bus.ask(FindOrder(number=ask.order_id))
        if isinstance(found, NoSuchPerson):
            return found
        return BeginErasure(subject=found.order_id, reason=ask.reason)

    @turn
    async def begin(self, tx: Transaction, ask: BeginErasure) -> ErasureBegun | PersonHeld:
        held = (await legal_holds.holds_on(tx, [ask.subject])).get(ask.subject)
        if held and ask.reason != "replayed":
            return PersonHeld(subject=held.subject, reason=held.reason, until=held.until)
        await store.begin(tx, ask.subject, ask.reason)
        tx.send(CarryOut(subject=ask.subject))
        return ErasureBegun(subject=ask.subject)

    # --- Carrying out ---

    @call(limit=2, timeout_s=600)
    async def carry_out(self, step: CarryOut) -> RecordOutcome:
        forgotten: list[OrderId] = []
        waiting = 0
        async for orders in self._orders_of(step.subject):
            answer = await self._bus.ask(ForgetOrders(order_ids=orders))
            forgotten += [each for each in orders if each not in set(answer.waiting)]
            waiting += len(answer.waiting)
        _FORGOTTEN.reach()
        is_any = _is_customer(step.subject) or bool(forgotten)
        listed = await self._listed.add(step.subject, forgotten) if is_any else ""
        _LISTED.reach()
        checked, readable = rules.add_up(await self._read_all(step.subject, forgotten))
        return RecordOutcome(subject=step.subject, waiting=waiting, checked=checked, readable=readable, listed=listed)

    async def _orders_of(self, subject: SubjectId) -> AsyncIterator[tuple[OrderId, ...]]:
        if not _is_customer(subject):
            yield (subject,)
            return
        after: str | None = ""
        while after is not None:
            page = await self._bus.ask(ListCustomerOrders(customer_id=subject, limit=AT_ONCE, after=after))
            if page.orders:
                yield page.orders
            after = page.next

    async def _read_all(self, subject: SubjectId, forgotten: Sequence[OrderId]) -> dict[str, list[PersonalData]]:
        """Ask each domain that has sealed something for what it can read of a person."""
        found: dict[str, list[PersonalData]] = {"order": [], "shipping": []}
        if _is_customer(subject):
            found["customer"] = [await self._bus.ask(ReadPersonalAccount(customer_id=subject))]
        for first in range(0, len(forgotten), AT_ONCE):
            some = tuple(forgotten[first : first + AT_ONCE])
            found["order"].append(await self._bus.ask(ReadPersonalOrders(order_ids=some)))
            found["shipping"].append(await self._bus.ask(ReadPersonalParcels(order_ids=some)))
        return found

    @turn
    async def record(self, tx: Transaction, outcome: RecordOutcome) -> None:
        erasure = await store.lock(tx, outcome.subject)
        if erasure is None:
            return
        if outcome.listed:
            await store.add_listed(tx, [outcome.listed])
        again = rules.next_try(outcome.waiting, outcome.readable)
        if outcome.readable:
            self._log.error("a person who was forgotten can be read", boxes=outcome.readable)
        if again is None:
            await store.end(tx, erasure, outcome, bytes.fromhex(self._listed.name_of(outcome.subject)))
        else:
            await store.note_try(tx, outcome)
            tx.schedule(CarryOut(subject=outcome.subject), tx.now + again)

    # --- Proofs and holds ---

    @turn
    async def erasures(self, tx: Transaction, ask: ListErasures) -> Erasures:
        limit = min(ask.limit, _MOST_LISTED)
        subject_hash = bytes.fromhex(self._listed.name_of(ask.subject)) if ask.subject else None
        return Erasures(
            under_way=await store.under_way(tx, ask.subject, limit),
            receipts=await store.newest(tx, subject_hash, limit),
            broken_at=await store.broken_at(tx),
        )

    @turn
    async def audit(self, tx: Transaction, ask: AuditErasures) -> Findings:
        del ask
        findings = rules.findings(await store.broken_at(tx), await store.under_way(tx, "", _MOST_LISTED))
        return Findings(findings=tuple(findings), checked=await store.count(tx))

    @turn
    async def hold(self, tx: Transaction, ask: HoldPerson) -> LegalHolds:
        if not 1 <= len(ask.reason) <= LONGEST_REASON or "\0" in ask.reason:
            raise BadInput(f"a reason of 1 to {LONGEST_REASON} characters")
        if ask.until is not None and ask.until <= tx.now:
            raise BadInput("a hold that ends in the future")
        await legal_holds.place(tx, legal_holds.StoredHold(ask.subject, ask.reason, ask.by, tx.now, ask.until))
        return await self._holds(tx, _MOST_LISTED)

    @turn
    async def release(self, tx: Transaction, ask: ReleasePerson) -> LegalHolds:
        await legal_holds.release(tx, ask.subject)
        return await self._holds(tx, _MOST_LISTED)

    @turn
    async def list_holds(self, tx: Transaction, ask: ListLegalHolds) -> LegalHolds:
        return await self._holds(tx, min(ask.limit, _MOST_LISTED))

    @staticmethod
    async def _holds(tx: Transaction, limit: int) -> LegalHolds:
        found = await legal_holds.in_force(tx, limit)
        return LegalHolds(
            holds=tuple(
                LegalHold(subject=each.subject, reason=each.reason, by=each.by_whom, at=each.at, until=each.until)
                for each in found
            )
        )


def _is_customer(subject: SubjectId) -> bool:
    return subject.startswith("cus_")
