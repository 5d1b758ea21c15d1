"""Passkeys: options for a browser, and the verification of what its authenticator answers. Source: WebAuthn, Level 3.

A challenge is random, known to Redis for five minutes, bound to a purpose and a subject, and used once: whoever sends
an answer, right or wrong, has used it up. If Redis forgets one, a passkey has to be touched once more.

Rejected: challenges signed by the shop and kept nowhere (an answer could be sent twice within its time); the
verification of who made an authenticator (a shop admits all that verify their user).
"""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import msgspec
import webauthn
from redis.asyncio import Redis
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from engine.clock import Clock
from engine.services import redis_errors

MOST_PASSKEYS: Final = 10  # Of one person.
LONGEST_LABEL: Final = 64
_LASTS: Final = timedelta(minutes=5)
_LONGEST_ID: Final = 1023  # Bytes. Source: WebAuthn, 4, "credential ID".
_LONGEST_KEY: Final = 2048
_MALFORMED: Final = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)

Answer = Mapping[str, Any]  # What `navigator.credentials` answered, as JSON.


class Site(NamedTuple):
    """A shop as browsers know it."""

    id: str  # Passkeys are bound to it: the host, without "www.".
    origin: str
    title: str


class Passkey(NamedTuple):
    """A passkey as it is stored."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backed_up: bool
    site_id: str


class Used(NamedTuple):
    """A passkey that was just used."""

    sign_count: int
    is_backed_up: bool


class _Challenge(msgspec.Struct, frozen=True):
    purpose: str
    subject: str
    expires_at: float


def site_of(public_url: str, title: str) -> Site:
    """Return the site of an address under which browsers reach the shop."""
    parts = urlsplit(public_url)
    return Site((parts.hostname or "").removeprefix("www."), f"{parts.scheme}://{parts.netloc}".lower(), title)


def credential_id_of(answer: Answer) -> bytes | None:
    """Return the id of the passkey that an answer claims to be of; None if there is none in it."""
    try:
        credential_id = base64url_to_bytes(answer["rawId"])
    except _MALFORMED:
        return None
    return credential_id if 0 < len(credential_id) <= _LONGEST_ID else None


class Passkeys:
    """Registers and verifies passkeys of one site."""

    def __init__(self, redis: Redis, clock: Clock, site: Site) -> None:
        self._redis = redis
        self._clock = clock
        self.site = site

    async def options_to_add(
        self, purpose: str, subject: str, *, user: bytes, name: str, known: Collection[bytes]
    ) -> dict[str, Any]:
        """Return the options for `navigator.credentials.create`.

        Args:
            purpose: What the challenge is for; an answer for another purpose is refused.
            subject: Whose it is; likewise.
            user: The id that the authenticator keeps and shows again at a sign-in; no personal data.
            name: The name that the authenticator shows its user.
            known: Ids of passkeys that the subject has: an authenticator that holds one adds none.

        Raises:
            Unavailable: Redis does not answer.
        """
        options = webauthn.generate_registration_options(
            rp_id=self.site.id,
            rp_name=self.site.title,
            user_name=name,
            user_id=user,
            challenge=await self._challenge(purpose, subject),
            timeout=int(_LASTS / timedelta(milliseconds=1)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
        return options_to_json_dict(options)

    async def added(self, purpose: str, subject: str, answer: Answer) -> Passkey | None:
        """Return the passkey that was made; None if the answer fits no challenge, or proves nothing.

        Raises:
            Unavailable: Redis does not answer.
        """
        challenge = await self._taken(purpose, subject, answer)
        if challenge is None:
            return None
        try:
            made = webauthn.verify_registration_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=self.site.id,
                expected_origin=self.site.origin,
                require_user_verification=True,
            )
        except _MALFORMED:
            return None
        if len(made.credential_id) > _LONGEST_ID or len(made.credential_public_key) > _LONGEST_KEY:
            return None
        key = made.credential_public_key
        return Passkey(made.credential_id, key, made.sign_count, made.credential_backed_up, self.site.id)

    async def options_to_use(self, purpose: str, subject: str = "", known: Collection[bytes] = ()) -> dict[str, Any]:
        """Return the options for `navigator.credentials.get`.

        Args:
            purpose: What the challenge is for.
            subject: Who is to prove to be here; "": the passkey says it.
            known: Ids of the subject's passkeys. Nothing for strangers: they would learn who has an account.

        Raises:
            Unavailable: Redis does not answer.
        """
        options = webauthn.generate_authentication_options(
            rp_id=self.site.id,
            challenge=await self._challenge(purpose, subject),
            timeout=int(_LASTS / timedelta(milliseconds=1)),
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    async def used(self, purpose: str, subject: str, answer: Answer, passkey: Passkey | None) -> Used | None:
        """Return how a passkey was used; None if the answer fits no challenge, or is not this passkey's.

        The challenge is used up even if there is no such passkey.

        Raises:
            Unavailable: Redis does not answer.
        """
        challenge = await self._taken(purpose, subject, answer)
        if challenge is None or passkey is None or credential_id_of(answer) != passkey.credential_id:
            return None
        try:
            used = webauthn.verify_authentication_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=passkey.site_id,
                expected_origin=self.site.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _MALFORMED:
            return None
        return Used(used.new_sign_count, used.credential_backed_up)

    async def _challenge(self, purpose: str, subject: str) -> bytes:
        challenge = secrets.token_bytes(32)
        expires_at = (self._clock.now() + _LASTS).timestamp()
        content = msgspec.json.encode(_Challenge(purpose, subject, expires_at))
        with redis_errors():
            await self._redis.set(_key(challenge), content, ex=_LASTS)
        return challenge

    async def _taken(self, purpose: str, subject: str, answer: Answer) -> bytes | None:
        """Take the challenge that an answer names; None if there is none for this purpose and subject."""
        challenge = _challenge_of(answer)
        if challenge is None:
            return None
        with redis_errors():
            kept = await cast("Awaitable[bytes | None]", self._redis.getdel(_key(challenge)))
        if kept is None:
            return None
        known = msgspec.json.decode(kept, type=_Challenge)
        is_ours = (known.purpose, known.subject) == (purpose, subject)
        return challenge if is_ours and self._clock.now().timestamp() < known.expires_at else None


def _challenge_of(answer: Answer) -> bytes | None:
    try:
        client_data = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
        return base64url_to_bytes(client_data["challenge"])
    except (*_MALFORMED, RecursionError):
        return None


def _key(challenge: bytes) -> str:
    return f"challenge:{hashlib.sha256(challenge).hexdigest()}"
