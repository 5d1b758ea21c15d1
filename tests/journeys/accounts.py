"""Somebody with an account, or who wants one: by program, with tokens, and by browser, with cookies."""

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie

import aiohttp

from testkit import ShopUnderTest
from tests.journeys.people import Answer, Customer, Json

PASSWORD = "ohv7 Aeth kaffee"


class Person(Customer):
    """A customer by program: what they show is a token."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, email: str = "ada@example.com") -> None:
        super().__init__(shop, http)
        self.email = email
        self.password = PASSWORD

    async def register(self, **changes: object) -> Answer:
        body = {"email": self.email, "password": self.password, "name": "Ada Lovelace", **changes}
        answer = await self.ask("POST", "/customers", body, token="")
        await self.shop.settle()
        return answer

    async def verify(self, code: str = "") -> Answer:
        code = code or self.code()
        return self._take(
            await self.ask("POST", "/customers/verify?token=1", {"email": self.email, "code": code}, token="")
        )

    async def join(self) -> Json:
        """From nobody to somebody with an account, signed in."""
        _ = (await self.register()).good
        return (await self.verify()).good

    async def log_in(self, password: str = "", **more: object) -> Answer:
        body = {"email": self.email, "password": password or self.password, **more}
        return self._take(await self.ask("POST", "/sessions?token=1", body, token=""))

    async def ask_code(self) -> Answer:
        answer = await self.ask("POST", "/login-codes", {"email": self.email}, token="")
        await self.shop.settle()
        return answer

    async def log_in_with_code(self, code: str) -> Answer:
        return self._take(
            await self.ask("POST", "/sessions/code?token=1", {"email": self.email, "code": code}, token="")
        )

    async def me(self) -> Answer:
        return await self.get("/me")

    def code(self) -> str:
        """The code of the newest mail to this person."""
        return code_in(self.shop, self.email)

    def mail_token(self) -> str:
        """The token in the link of the newest mail to this person."""
        found = re.search(r"#token=(\S+)", newest_mail(self.shop, self.email))
        assert found, "the mail has no link"
        return found[1]

    def another_device(self) -> "Person":
        other = Person(self.shop, self.http, self.email)
        other.password = self.password
        return other

    def _take(self, answer: Answer) -> Answer:
        if answer.status < 300:
            self.token = answer.json["token"]
        return answer


class Browser(Person):
    """A customer by browser: it keeps cookies, and says where a request comes from."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, email: str = "ada@example.com") -> None:
        super().__init__(shop, http, email)
        self.cookies: dict[str, str] = {}

    async def ask(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None, **rest: object
    ) -> Answer:
        del rest
        sent = {
            "Sec-Fetch-Site": "same-origin",
            "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0",
            **(headers or {}),
        }
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await super().ask(method, path.replace("?token=1", ""), body, token="", headers=sent)
        for header in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
        return answer

    def _take(self, answer: Answer) -> Answer:
        return answer


def newest_mail(shop: ShopUnderTest, email: str) -> str:
    """The text of the newest mail to an address."""
    mails = shop.mails(email)
    assert mails, f"no mail to {email}"
    return mails[-1].text


def code_in(shop: ShopUnderTest, email: str) -> str:
    """The code in the newest mail to an address."""
    found = re.search(r"^(\d{6})\s*$", newest_mail(shop, email), re.MULTILINE)
    assert found, "the mail has no code"
    return found[1]


async def sessions_in_redis(shop: ShopUnderTest) -> dict[str, bytes]:
    """What a file of Redis would have of sessions now."""
    redis = shop.inside.services.redis
    keys = [bytes(key).decode() for key in await redis.keys("session*") if isinstance(key, bytes)]
    kept = {key: await redis.dump(key) for key in keys}
    return {key: value for key, value in kept.items() if isinstance(value, bytes)}


async def restore_in_redis(shop: ShopUnderTest, kept: dict[str, bytes]) -> None:
    """Restore Redis from such a file."""
    for key, value in kept.items():
        await shop.inside.services.redis.restore(key, 0, value, replace=True)
