"""People who work in the shop, over HTTP as their browsers do."""

from datetime import timedelta
from typing import Any

import pyotp

from bus.messages.base import new_id
from bus.messages.staff import COMMAND_LINE, OWNER, Invite, PersonKept
from engine.tokens import hash_of_token
from gateway.staff_links import new_invitation
from testkit import ShopUnderTest
from tests.authenticator import Authenticator
from tests.journeys.people import Answer, Json, Staff

PASSWORD = "a heron by the lake"
OTHER_PASSWORD = "seven boats at dawn"


class Colleague(Staff):
    """A person with an account, signed in by a session."""

    id = ""
    email = ""
    secret = ""
    codes: tuple[str, ...] = ()
    device: Authenticator

    @property
    def code(self) -> str:
        """What the app on the phone shows now."""
        return pyotp.TOTP(self.secret).at(self.shop.clock.now())

    async def next_code(self) -> str:
        """A code that was not used yet: each counts once."""
        await self.shop.clock.advance(seconds=30)
        return self.code

    async def accept(self, link_token: str, password: str = PASSWORD) -> Answer:
        body = {"token": link_token, "password": password}
        answer = await self.ask("PUT", "/admin/api/invitations?token=true", body, token="")
        if answer.status == 201:
            self.id, self.token = answer.json["person"], answer.json["token"]
        return answer

    async def set_up_codes(self) -> None:
        begun = (await self.ask("POST", "/admin/api/me/totp")).good
        self.secret = begun["secret"]
        kept = (await self.ask("PUT", "/admin/api/me/totp", {"code": self.code})).good
        self.codes = tuple(kept["recovery_codes"])

    async def sign_in(self, password: str = PASSWORD, **more: object) -> Answer:
        body = {"email": self.email, "password": password, **more}
        answer = await self.ask("POST", "/admin/api/sessions?token=true", body, token="")
        if answer.status == 201:
            self.token = answer.json["token"]
        return answer

    async def refresh(self) -> None:
        """Sign in anew, so that it is fresh."""
        more: dict[str, Any] = {"totp": await self.next_code()} if self.secret else {}
        assert (await self.sign_in(**more)).status == 201

    async def add_passkey(self, label: str = "key") -> Json:
        self.device = Authenticator(self.shop.url)
        options = (await self.ask("POST", "/admin/api/me/passkeys/options")).good["options"]
        body = {"answer": self.device.create(options), "label": label}
        return (await self.ask("POST", "/admin/api/me/passkeys", body)).good

    async def sign_in_by_passkey(self) -> Answer:
        options = (await self.ask("POST", "/admin/api/sessions/passkey/options", token="")).good["options"]
        body = {"answer": self.device.get(options)}
        answer = await self.ask("POST", "/admin/api/sessions/passkey?token=true", body, token="")
        if answer.status == 201:
            self.token = answer.json["token"]
        return answer

    async def me(self) -> Json:
        return (await self.get("/admin/api/me")).good


async def invited(shop: ShopUnderTest, email: str, role: str = OWNER, name: str = "Ada Example") -> str:
    """Invite somebody, as the command line does; gives the link's token."""
    token = new_invitation()
    answer = await shop.ask(
        Invite(
            id=new_id("stf"),
            email=email,
            name=name,
            role=role,
            token_hash=hash_of_token(token),
            valid_s=int(timedelta(days=3).total_seconds()),
            by=COMMAND_LINE,
        )
    )
    assert isinstance(answer, PersonKept), answer
    return token


async def colleague(shop: ShopUnderTest, http: Any, role: str = OWNER, email: str = "") -> Colleague:
    """A person who has joined, with codes by time, freshly signed in."""
    person = Colleague(shop, http)
    person.email = email or f"{role}@shop.example"
    assert (await person.accept(await invited(shop, person.email, role))).status == 201
    await person.set_up_codes()
    return person
