"""People who work in the shop: their roles, tokens of programs, and the chain of what was done.

All turns that change who may what begin by locking the end of the chain of acts. So they happen one after the other,
in whichever processes, and what one has read (who is an owner, what the giver may) holds when it writes.

Rejected: docs/decisions/0049.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from actors.staff import acts, approvals, makings, rules, store, tokens
from actors.staff.people_turns import PeopleTurns
from actors.staff.sign_in_turns import SignInTurns
from actors.staff.view_turns import ViewTurns
from bus.messages.audit import Findings
from bus.messages.payment import RefundOrder
from bus.messages.staff import (
    MOST_ROLES,
    MOST_TOKENS,
    AlreadyThere,
    FindPerson,
    FindToken,
    Holder,
    HolderFound,
    Lacks,
    ListRoles,
    ListTokens,
    MakeToken,
    NobodyThere,
    NoSuchThing,
    RemoveRole,
    RevokeToken,
    Role,
    RoleKept,
    RoleList,
    SetRole,
    TokenKept,
    TokenList,
)
from bus.messages.staff_acts import (
    ActPage,
    AlreadyDecided,
    ApprovalKept,
    ApprovalList,
    AskApproval,
    AuditActs,
    DecideApproval,
    ListActs,
    ListApprovals,
    OwnRequest,
    RecordAct,
)
from engine.actor import call, turn
from engine.clock import Sleeper
from engine.errors import Conflict, Unavailable
from engine.transaction import Transaction

_PRUNED_EVERY: Final = timedelta(days=1)


class People(PeopleTurns, SignInTurns, ViewTurns, name="staff", is_local=True):
    """Keeps who works here and what they may. Each process hosts its own: it is asked with every request of staff."""

    async def run(self) -> None:
        """Prune acts of long ago, once a day."""
        sleeper = Sleeper(self._clock)
        try:
            while self._acts_kept:
                try:
                    await self._prune(self._acts_kept)
                except (Unavailable, Conflict) as error:
                    self._log.warning("old acts stay for now", why=str(error))
                await sleeper.until(self._clock.now() + _PRUNED_EVERY, within_s=_PRUNED_EVERY.total_seconds())
        finally:
            sleeper.close()

    async def _prune(self, kept: timedelta) -> None:
        pruned = True
        while pruned:
            async with self._database.transaction(self._clock.now()) as tx:
                pruned = bool(await acts.prune(tx, tx.now - kept))

    # --- Who asks ---

    @turn
    async def find_token(self, tx: Transaction, ask: FindToken) -> HolderFound | NobodyThere:
        token = await tokens.find(tx, ask.hash, tx.now)
        if token is None:
            return NobodyThere()
        return HolderFound(holder=Holder(id=token.id, label=token.label, keys=rules.order_of(token.keys)))

    @turn
    async def find_person(self, tx: Transaction, ask: FindPerson) -> HolderFound | NobodyThere:
        known = await store.facts(tx, ask.id)
        if known is None or known[0].state != "active":
            return NobodyThere()
        person, generation = known
        made = {} if person.role in rules.FIXED else await store.roles(tx)
        rights, of_role = rules.rights_of(person, made), rules.keys_of(person.role, made)
        holder = Holder(
            id=person.id,
            keys=rules.order_of(rights.keys),
            role=person.role,
            generation=generation,
            lacks_factor=not person.has_factor and rules.asks_for_factor(person.role, of_role),
        )
        return HolderFound(holder=holder)

    # --- Roles ---

    @turn
    async def list_roles(self, tx: Transaction, ask: ListRoles) -> RoleList:
        del ask
        return RoleList(roles=rules.all_roles(list((await store.roles(tx)).values())))

    @turn
    async def set_role(self, tx: Transaction, ask: SetRole) -> RoleKept | Lacks | AlreadyThere | NoSuchThing:
        giver = await self._giver(tx, ask.by)
        if ask.id in rules.FIXED:
            return NoSuchThing()
        made = await store.roles(tx)
        before = made.get(ask.id)
        touched = {*ask.keys, *(before.keys if before else ())}
        is_of_limit = (before.refund_limit if before else None, ask.refund_limit) != (None, None)
        if (lacks := rules.refusal(giver, keys=touched, is_owner=is_of_limit)) is not None:
            return Lacks(keys=lacks)
        if before is None and len(made) >= MOST_ROLES:
            return AlreadyThere()
        role = Role(id=ask.id, title=ask.title, keys=rules.order_of(ask.keys), refund_limit=ask.refund_limit)
        await store.set_role(tx, role)
        await self._note(tx, ask.by, "role set", role.id, before=before and _noted(before), after=_noted(role))
        return RoleKept(role=role)

    @turn
    async def remove_role(self, tx: Transaction, ask: RemoveRole) -> RoleKept | Lacks | AlreadyThere | NoSuchThing:
        giver = await self._giver(tx, ask.by)
        role = (await store.roles(tx)).get(ask.id)
        if role is None:
            return NoSuchThing()
        if (lacks := rules.refusal(giver, keys=role.keys, is_owner=False)) is not None:
            return Lacks(keys=lacks)
        if await store.has_users(tx, ask.id):
            return AlreadyThere()
        await store.remove_role(tx, ask.id)
        await self._note(tx, ask.by, "role removed", role.id, before=role.keys)
        return RoleKept(role=role)

    # --- Tokens of programs ---

    @turn
    async def list_tokens(self, tx: Transaction, ask: ListTokens) -> TokenList:
        del ask
        return TokenList(tokens=tuple(await tokens.all_of_them(tx)))

    @turn
    async def make_token(self, tx: Transaction, ask: MakeToken) -> TokenKept | Lacks | AlreadyThere:
        giver = await self._giver(tx, ask.by)
        known = await tokens.find(tx, ask.hash, tx.now)
        if known is not None:  # A repeat.
            return TokenKept(token=known)
        if (lacks := rules.refusal(giver, keys=ask.keys, is_owner=False)) is not None:
            return Lacks(keys=lacks)
        if await tokens.count(tx) >= MOST_TOKENS:
            return AlreadyThere()
        until = tx.now + timedelta(seconds=ask.valid_s)
        token = await tokens.add(tx, ask.hash, ask.label, rules.order_of(ask.keys), ask.by.id, until)
        await self._note(tx, ask.by, "token made", token.id, after={"keys": token.keys, "expires_at": until})
        return TokenKept(token=token)

    @turn
    async def revoke_token(self, tx: Transaction, ask: RevokeToken) -> TokenKept | NoSuchThing:
        giver = await self._giver(tx, ask.by)
        if not rules.may_staff(giver):  # To take rights away asks for no others.
            return NoSuchThing()
        token = await tokens.revoke(tx, ask.id)
        if token is None:
            return NoSuchThing()
        await self._note(tx, ask.by, "token revoked", token.id, before=token.keys)
        return TokenKept(token=token)

    # --- Acts ---

    @turn
    async def record_act(self, tx: Transaction, asks: Sequence[RecordAct]) -> None:
        await acts.add(tx, [ask.act for ask in asks])

    @turn
    async def list_acts(self, tx: Transaction, ask: ListActs) -> ActPage:
        return await acts.page(tx, ask)

    @call(limit=1, timeout_s=600)
    async def audit_acts(self, ask: AuditActs) -> Findings:
        del ask
        found, checked = await acts.verify(self._database)
        return Findings(findings=tuple(found), checked=checked)

    # --- A second pair of eyes ---

    @turn
    async def list_approvals(self, tx: Transaction, ask: ListApprovals) -> ApprovalList:
        return ApprovalList(approvals=tuple(await approvals.latest(self._database, ask.limit, tx.now)))

    @turn
    async def ask_approval(self, tx: Transaction, ask: AskApproval) -> ApprovalKept:
        await acts.lock(tx)  # Of two that ask about one order, the second counts the first.
        limit = await self._refund_limit(tx, ask)
        if limit == rules.NO_LIMIT:
            return ApprovalKept(approval=approvals.unlimited(ask, tx.now))
        is_within = rules.is_within(await approvals.refunded(tx, ask.order_id), ask.worth, limit)
        earlier = await approvals.waiting_cancel(tx, ask.order_id) if ask.what == "cancel" and not is_within else None
        if earlier is None and await approvals.add(tx, ask, is_within=is_within) and not is_within:
            about = {"order": ask.order_id, "amount": ask.amount, "what": ask.what}
            await self._note(tx, ask.by, "approval asked", ask.id, after=about)
        approval = await approvals.read(tx, earlier or ask.id)
        assert approval is not None, "it was stored"
        return ApprovalKept(approval=approval)

    @turn
    async def decide_approval(
        self, tx: Transaction, ask: DecideApproval
    ) -> ApprovalKept | OwnRequest | AlreadyDecided | NoSuchThing:
        await acts.lock(tx)
        approval = await approvals.read(tx, ask.id)
        if approval is None:
            return NoSuchThing()
        if approval.decided_by == ask.by.id and (approval.state == "approved") is ask.is_approved:
            return ApprovalKept(approval=approval)  # A repeat.
        if approval.state != "waiting":
            return AlreadyDecided(approval=approval)
        if ask.is_approved and approval.by == ask.by.id:
            return OwnRequest()
        if ask.is_approved and await makings.are_close(tx, approval.by, ask.by.id):
            return OwnRequest(is_close=True)
        await approvals.decide(tx, ask.id, ask.by.id, is_approved=ask.is_approved)
        await self._note(tx, ask.by, "approved" if ask.is_approved else "refused", ask.id, before=approval.by)
        if (
            ask.is_approved and approval.what == "refund"
        ):  # Stored with the decision: it is made, whatever happens to this process.
            tx.send(
                RefundOrder(
                    order_id=approval.order_id,
                    refund_id=approval.refund_id,
                    amount=approval.amount,
                    reason=approval.reason,  # type: ignore[arg-type] # as it was asked for
                    by=f"{approval.by}, {ask.by.id}",
                )
            )
        decided = await approvals.read(tx, ask.id)
        assert decided is not None, "it is there"
        return ApprovalKept(approval=decided)

    async def _refund_limit(self, tx: Transaction, ask: AskApproval) -> int:
        """Return what whoever asks may refund of an order alone: as the role says, a program as its maker may."""
        role = await self._role_of(tx, ask.by.id)
        return rules.limit_of(role, await store.roles(tx), ask.limit) if role else rules.NO_LIMIT


def _noted(role: Role) -> object:
    """Write a role for the record."""
    return role.keys if role.refund_limit is None else {"keys": role.keys, "refund_limit": role.refund_limit}
