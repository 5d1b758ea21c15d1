"""How people who work in the shop prove who they are: passwords, codes, passkeys. None of it leaves a process."""

from datetime import datetime
from typing import ClassVar

from bus.messages.base import Value
from bus.messages.staff import AlreadyThere, Doer, NobodyThere, NoSuchThing
from engine.message import Command, Query, Reply


class StaffCredentials(Reply):
    """The proofs that a person can give. They never leave the process."""

    id: str
    password: str | None
    has_totp: bool
    has_passkey: bool
    generation: int


class FindCredentials(Query[StaffCredentials | NobodyThere]):
    """Find what an active person proves themselves by."""

    names_persons: ClassVar[bool] = True

    email: str


class FactorProven(Reply):
    """The second factor fits, and has been used up. It counts how many recovery codes are left."""

    left: int


class ProveFactor(Command[FactorProven | NobodyThere]):
    """Prove a second factor: a code by time, or a recovery code by its hash. Each counts once."""

    id: str
    code: str = ""
    recovery_hash: bytes = b""


class NoteSignIn(Command[None]):
    """Record a sign-in, or that one was refused; and a newer hash of the password, if there is one."""

    id: str  # "" for an unknown address.
    is_refused: bool
    rehashed: str | None = None
    by: Doer


class SetOwnPassword(Command[int | NobodyThere]):
    """Set one's own password. All sessions end; returns the new generation."""

    id: str
    password: str
    by: Doer


class EndStaffSessions(Command[int | NobodyThere]):
    """End all sessions of a person; returns the new generation."""

    id: str
    by: Doer


class TotpBegun(Reply):
    """The secret for an app. It counts once a code of it was shown."""

    secret: str
    email: str


class BeginTotp(Command[TotpBegun | NobodyThere]):
    """Make a new secret for codes by time."""

    id: str


class TotpKept(Reply):
    """Codes by time are asked for from now on; all recovery codes are new."""


class KeepTotp(Command[TotpKept | NobodyThere]):
    """Keep the secret of which this code is."""

    id: str
    code: str
    recovery_hashes: tuple[bytes, ...]
    by: Doer


class PasskeyInfo(Value, frozen=True, kw_only=True):
    """A passkey, for its owner."""

    id: str
    label: str
    created_at: datetime
    used_at: datetime | None = None
    is_backed_up: bool = False


class PasskeyFacts(Value, frozen=True, kw_only=True):
    """A passkey as it is verified."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backed_up: bool
    site_id: str


class PasskeyFound(Reply):
    """The passkey, and its owner."""

    person: str
    generation: int
    passkey: PasskeyFacts


class FindPasskey(Query[PasskeyFound | NobodyThere]):
    """Find a passkey of an active person."""

    credential_id: bytes


class StaffPasskeyList(Reply):
    """The passkeys of a person."""

    passkeys: tuple[PasskeyInfo, ...]
    credential_ids: tuple[bytes, ...]
    has_new_codes: bool = False  # The recovery codes that were sent with one are kept.


class ListStaffPasskeys(Query[StaffPasskeyList]):
    """List the passkeys of a person."""

    id: str


class AddStaffPasskey(Command[StaffPasskeyList | AlreadyThere | NobodyThere]):
    """Add a passkey to a person."""

    id: str
    passkey: PasskeyFacts
    label: str
    recovery_hashes: tuple[bytes, ...]  # Kept if the person has no recovery codes yet.
    by: Doer


class RemoveStaffPasskey(Command[StaffPasskeyList | NoSuchThing]):
    """Remove a passkey of a person."""

    id: str
    passkey: str
    by: Doer


class NotePasskeyUse(Command[bool]):
    """Record that a passkey was used. False if its count did not grow: it is a copy."""

    credential_id: bytes
    sign_count: int
    is_backed_up: bool
    by: Doer
