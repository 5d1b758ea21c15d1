"""The turns of signing in: passwords are verified at the edge, second factors here, where each is used up."""

import msgspec

from actors.staff import acts, factors, store
from actors.staff.rights import RightsBase
from bus.messages.staff import AlreadyThere, Doer, NobodyThere, NoSuchThing
from bus.messages.staff_sign_in import (
    AddStaffPasskey,
    BeginTotp,
    EndStaffSessions,
    FactorProven,
    FindCredentials,
    FindPasskey,
    KeepTotp,
    ListStaffPasskeys,
    NotePasskeyUse,
    NoteSignIn,
    PasskeyFound,
    ProveFactor,
    RemoveStaffPasskey,
    SetOwnPassword,
    StaffCredentials,
    StaffPasskeyList,
    TotpBegun,
    TotpKept,
)
from engine import totp
from engine.actor import turn
from engine.errors import BadInput
from engine.transaction import Transaction


class SignInTurns(RightsBase):
    """Keeps what people prove themselves by. A part of the actor of staff, which inherits its handlers."""

    @turn
    async def find_credentials(self, tx: Transaction, ask: FindCredentials) -> StaffCredentials | NobodyThere:
        user = await store.user_of(tx, self._vault, ask.email)
        if user is None or user.state != "active":
            return NobodyThere()
        return StaffCredentials(
            id=user.id,
            password=user.password,
            has_totp=user.totp is not None,
            has_passkey=user.passkeys > 0,
            generation=user.generation,
        )

    @turn
    async def prove_factor(self, tx: Transaction, ask: ProveFactor) -> FactorProven | NobodyThere:
        await acts.lock(tx)  # First, as in all turns: none waits for another in a circle.
        user = await store.user(tx, self._vault, ask.id)
        if user is None or user.state != "active":
            return NobodyThere()
        if ask.recovery_hash:
            if not await factors.use_recovery_code(tx, user.id, ask.recovery_hash):
                return NobodyThere()
            left = await factors.codes_left(tx, user.id)
            await self._note(tx, Doer(id=user.id), "recovery code used", user.id, after={"left": left})
            return FactorProven(left=left)
        secret = factors.opened(user, "totp", user.totp)
        step = totp.step_of(secret, ask.code, tx.now, user.totp_step) if secret else None
        if step is None:
            return NobodyThere()
        await factors.set_step(tx, user.id, step)
        return FactorProven(left=await factors.codes_left(tx, user.id))

    @turn
    async def note_sign_in(self, tx: Transaction, ask: NoteSignIn) -> None:
        await acts.lock(tx)
        if ask.rehashed is not None:
            await store.set_password(tx, ask.id, ask.rehashed, ends_sessions=False)
        await self._note(tx, ask.by, "sign-in refused" if ask.is_refused else "signed in", ask.id)

    @turn
    async def set_own_password(self, tx: Transaction, ask: SetOwnPassword) -> int | NobodyThere:
        await acts.lock(tx)
        generation = await store.set_password(tx, ask.id, ask.password, ends_sessions=True)
        if generation is None:
            return NobodyThere()
        await self._note(tx, ask.by, "password set", ask.id)
        return generation

    @turn
    async def end_sessions(self, tx: Transaction, ask: EndStaffSessions) -> int | NobodyThere:
        await acts.lock(tx)
        generation = await store.end_sessions(tx, ask.id)
        if generation is None:
            return NobodyThere()
        await self._note(tx, ask.by, "sessions ended", ask.id)
        return generation

    # --- Codes by time ---

    @turn
    async def begin_totp(self, tx: Transaction, ask: BeginTotp) -> TotpBegun | NobodyThere:
        user = await store.user(tx, self._vault, ask.id)
        if user is None or user.state != "active":
            return NobodyThere()
        secret = totp.new_secret()
        await factors.begin_totp(tx, user, secret)
        return TotpBegun(secret=secret, email=user.profile.email)

    @turn
    async def keep_totp(self, tx: Transaction, ask: KeepTotp) -> TotpKept | NobodyThere:
        await acts.lock(tx)
        user = await store.user(tx, self._vault, ask.id)
        secret = factors.opened(user, "totp_begun", user.totp_begun) if user else None
        step = totp.step_of(secret, ask.code, tx.now, -1) if secret else None
        if user is None or secret is None or step is None or user.state != "active":
            return NobodyThere()
        await factors.keep_totp(tx, user, secret, step)
        await factors.replace_codes(tx, user.id, ask.recovery_hashes)
        await self._note(tx, ask.by, "codes by time set", user.id)
        return TotpKept()

    # --- Passkeys ---

    @turn
    async def find_passkey(self, tx: Transaction, ask: FindPasskey) -> PasskeyFound | NobodyThere:
        del tx
        return await factors.find_passkey(self._database, ask.credential_id) or NobodyThere()

    @turn
    async def list_passkeys(self, tx: Transaction, ask: ListStaffPasskeys) -> StaffPasskeyList:
        return await factors.passkeys(tx, ask.id)

    @turn
    async def add_passkey(self, tx: Transaction, ask: AddStaffPasskey) -> StaffPasskeyList | AlreadyThere | NobodyThere:
        await acts.lock(tx)
        user = await store.user(tx, self._vault, ask.id)
        if user is None or user.state != "active":
            return NobodyThere()
        if not await factors.add_passkey(tx, user.id, ask.passkey, ask.label):
            return AlreadyThere()
        has_new_codes = bool(ask.recovery_hashes) and not await factors.codes_left(tx, user.id)
        if has_new_codes:
            await factors.replace_codes(tx, user.id, ask.recovery_hashes)
        await self._note(tx, ask.by, "passkey added", user.id, after=factors.public_id(ask.passkey.credential_id))
        kept = await factors.passkeys(tx, user.id)
        return msgspec.structs.replace(kept, has_new_codes=has_new_codes)

    @turn
    async def remove_passkey(self, tx: Transaction, ask: RemoveStaffPasskey) -> StaffPasskeyList | NoSuchThing:
        await acts.lock(tx)
        user = await store.user(tx, self._vault, ask.id)
        if user is not None and user.passkeys == 1 and user.totp is None:
            raise BadInput("it is the only second factor; set up another one first")
        if not await factors.remove_passkey(tx, ask.id, ask.passkey):
            return NoSuchThing()
        await self._note(tx, ask.by, "passkey removed", ask.id, before=ask.passkey)
        return await factors.passkeys(tx, ask.id)

    @turn
    async def note_passkey_use(self, tx: Transaction, ask: NotePasskeyUse) -> bool:
        await acts.lock(tx)
        person = await factors.note_use(tx, ask.credential_id, ask.sign_count, is_backed_up=ask.is_backed_up)
        if person is not None:
            await self._note(tx, ask.by, "signed in", person)
        return person is not None
