"""Rights of whoever asks, as the database says them now. The base of this actor's turns."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from actors.staff import acts, rules, store, tokens
from bus.messages.staff import COMMAND_LINE, OWNER, Doer, Role
from bus.messages.staff_acts import Act
from engine import telemetry
from engine.actor import Actor
from engine.clock import Clock
from engine.postgres import Database
from engine.transaction import Transaction
from engine.vault import Vault

_LONGEST_WAY: Final = 8  # Of programs that make programs, to the person behind them.


class RightsBase(Actor):
    """Looks up rights, and records acts, within the transaction of what they allow."""

    def __init__(self, *, database: Database, clock: Clock, vault: Vault, acts_kept: timedelta) -> None:
        """Begin.

        Args:
            database: Where everything is.
            clock: The time.
            vault: Opens what names people.
            acts_kept: How long acts are kept; nothing: for ever.
        """
        self._database = database
        self._clock = clock
        self._vault = vault
        self._acts_kept = acts_kept
        self._log = telemetry.logger(actor="staff")

    async def _giver(self, tx: Transaction, doer: Doer) -> rules.Rights:
        """Return what a doer may. The end of the chain is locked first, so it stays so until the commit."""
        await acts.lock(tx)
        if doer.id == COMMAND_LINE.id:
            return rules.ALL
        if doer.id.startswith("tok_"):
            token = await tokens.read(tx, doer.id)
            is_valid = token is not None and token.expires_at > tx.now
            return rules.Rights(frozenset(token.keys)) if token and is_valid else rules.NONE
        known = await store.facts(tx, doer.id)
        return rules.rights_of(known[0] if known else None, await store.roles(tx))

    async def _touching(
        self, tx: Transaction, doer: Doer, target: store.User, made: Mapping[str, Role]
    ) -> tuple[str, ...] | None:
        """Return why a doer can't touch a person; None if they can. What the person could do once active counts."""
        return await self._giving(tx, doer, target.role, made)

    async def _giving(self, tx: Transaction, doer: Doer, role: str, made: Mapping[str, Role]) -> tuple[str, ...] | None:
        """Return why a doer can't give somebody a role; None if they can. A limit is a right, too."""
        giver, keys = await self._giver(tx, doer), rules.keys_of(role, made)
        if (lacks := rules.refusal(giver, keys=keys, is_owner=role == OWNER)) is not None:
            return lacks
        is_money = "write_payments" in keys and not giver.is_owner
        return () if is_money and rules.exceeds(role, await self._role_of(tx, doer.id), made) else None

    async def _role_of(self, tx: Transaction, doer_id: str) -> str:
        """Return the role of a person, or of the person who made a program; "" if it is the command line's."""
        for _ in range(_LONGEST_WAY):
            if not doer_id.startswith("tok_"):
                known = await store.facts(tx, doer_id)
                return known[0].role if known else ""
            token = await tokens.read(tx, doer_id)
            doer_id = token.made_by if token else ""
        return ""

    async def _note(
        self, tx: Transaction, doer: Doer, what: str, about: str, *, before: object = None, after: object = None
    ) -> None:
        act = Act(
            by=doer.id,
            key="write_staff",
            what=what,
            about=about,
            before=_json(before),
            after=_json(after),
            address=doer.address,
            request_id=doer.request_id,
        )
        await acts.add(tx, [act])


def _json(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
