"""The turns about people: invited, given roles, disabled."""

from datetime import timedelta

from actors.staff import acts, makings, rules, store
from actors.staff.rights import RightsBase
from bus.messages.staff import (
    COMMAND_LINE,
    MOST_USERS,
    OWNER,
    AlreadyThere,
    ChangePerson,
    CountOwners,
    Enthrone,
    FindInvited,
    Invite,
    Join,
    Lacks,
    LastOwner,
    ListPeople,
    NobodyThere,
    NoSuchThing,
    PersonKept,
    PersonList,
    ReadPerson,
    Reinvite,
)
from engine.actor import turn
from engine.transaction import Transaction


class PeopleTurns(RightsBase):
    """Keeps people. A part of the actor of staff, which inherits its handlers."""

    @turn
    async def list_people(self, tx: Transaction, ask: ListPeople) -> PersonList:
        del ask
        return PersonList(people=tuple(each.person for each in await store.users(tx, self._vault)))

    @turn
    async def read_person(self, tx: Transaction, ask: ReadPerson) -> PersonKept | NobodyThere:
        user = await store.user(tx, self._vault, ask.id)
        return PersonKept(person=user.person) if user else NobodyThere()

    @turn
    async def count_owners(self, tx: Transaction, ask: CountOwners) -> int:
        del ask
        return len(await store.owners(tx))

    @turn
    async def find_invited(self, tx: Transaction, ask: FindInvited) -> PersonKept | NobodyThere:
        user = await store.invited(tx, self._vault, ask.token_hash, tx.now)
        return PersonKept(person=user.person) if user else NobodyThere()

    @turn
    async def invite(self, tx: Transaction, ask: Invite) -> PersonKept | Lacks | AlreadyThere | NoSuchThing:
        await acts.lock(tx)
        made = await store.roles(tx)
        if ask.role not in rules.FIXED and ask.role not in made:
            return NoSuchThing()
        if (lacks := await self._giving(tx, ask.by, ask.role, made)) is not None:
            return Lacks(keys=lacks)
        if await store.count(tx) >= MOST_USERS:
            return AlreadyThere()
        profile = store.StaffProfile(ask.email, ask.name)
        until = tx.now + timedelta(seconds=ask.valid_s)
        if not await store.add(tx, self._vault, ask.id, profile, ask.role, invitation=ask.token_hash, until=until):
            return AlreadyThere()
        await makings.note(tx, ask.id, ask.by.id)
        await self._note(tx, ask.by, "person invited", ask.id, after={"role": ask.role})
        return await self._kept(tx, ask.id)

    @turn
    async def reinvite(self, tx: Transaction, ask: Reinvite) -> PersonKept | Lacks | LastOwner | NoSuchThing:
        await acts.lock(tx)
        user, made = await store.user(tx, self._vault, ask.id), await store.roles(tx)
        if user is None or user.state == "disabled":
            return NoSuchThing()
        if (lacks := await self._touching(tx, ask.by, user, made)) is not None:  # The link would be the account.
            return Lacks(keys=lacks)
        is_by_command = ask.by.id == COMMAND_LINE.id  # Its way back in, and the only one if the last owner has none.
        if not is_by_command and await self._would_be_last(tx, user.id):
            return LastOwner()
        await store.invite(tx, user.id, ask.token_hash, tx.now + timedelta(seconds=ask.valid_s))
        await makings.note(tx, user.id, ask.by.id)
        await self._note(tx, ask.by, "person invited anew", user.id)
        return await self._kept(tx, user.id)

    @turn
    async def join(self, tx: Transaction, ask: Join) -> PersonKept | NobodyThere:
        await acts.lock(tx)  # Of two that use one link the second finds it used.
        user = await store.invited(tx, self._vault, ask.token_hash, tx.now)
        if user is None:
            return NobodyThere()
        await store.join(tx, user.id, ask.password)
        await self._note(tx, ask.by, "person joined", user.id)
        return await self._kept(tx, user.id)

    @turn
    async def change_person(self, tx: Transaction, ask: ChangePerson) -> PersonKept | Lacks | LastOwner | NoSuchThing:
        await acts.lock(tx)
        user, made = await store.user(tx, self._vault, ask.id), await store.roles(tx)
        role = ask.role if user is None or ask.role is not None else user.role
        if user is None or role is None or not (role in rules.FIXED or role in made or role == user.role):
            return NoSuchThing()
        if (lacks := await self._touching(tx, ask.by, user, made)) is not None:
            return Lacks(keys=lacks)
        if (lacks := await self._giving(tx, ask.by, role, made)) is not None:
            return Lacks(keys=lacks)
        state = user.state
        if ask.is_disabled is not None:
            state = "disabled" if ask.is_disabled else ("active" if user.password else "invited")
        if (role, state) == (user.role, user.state):
            return PersonKept(person=user.person)
        if (role != OWNER or state != "active") and await self._would_be_last(tx, user.id):
            return LastOwner()
        await store.change(tx, user.id, role, state)
        if state != "disabled" or role != user.role:  # A role of somebody disabled counts once they are enabled.
            await makings.note(tx, user.id, ask.by.id)
        was, now = {"role": user.role, "state": user.state}, {"role": role, "state": state}
        await self._note(tx, ask.by, "person changed", user.id, before=was, after=now)
        return await self._kept(tx, user.id)

    @turn
    async def enthrone(self, tx: Transaction, ask: Enthrone) -> PersonKept | AlreadyThere:
        await acts.lock(tx)
        if await store.owners(tx):
            return AlreadyThere()
        profile = store.StaffProfile(ask.email, "")
        if not await store.add(tx, self._vault, ask.id, profile, OWNER, password=ask.password):
            return AlreadyThere()
        await self._note(tx, COMMAND_LINE, "first owner", ask.id)
        return await self._kept(tx, ask.id)

    async def _would_be_last(self, tx: Transaction, user_id: str) -> bool:
        """Whether this person is the only owner who can sign in. The caller has locked the end of the chain."""
        owners = await store.owners(tx)
        return user_id in owners and rules.would_be_last(owners, user_id)

    async def _kept(self, tx: Transaction, user_id: str) -> PersonKept:
        user = await store.user(tx, self._vault, user_id)
        assert user is not None, "the person was written"
        return PersonKept(person=user.person)
