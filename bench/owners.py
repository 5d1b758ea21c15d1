"""An owner of the shop at a bench, signed in as owners are: by an invitation, a password and a second factor."""

import re
from typing import Final

import aiohttp
import pyotp

from engine.clock import SystemClock
from testkit.programs import Running, command

_PASSWORD: Final = "a long and quiet river"


async def sign_in(shop: Running) -> str:
    """Make an owner, and sign them in; return the cookies."""
    link = re.search(r"inv_[\w-]+", command(shop.folder, "staff", "add", "owner@shop.example", "--role", "owner"))
    assert link is not None
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(shop.url, cookie_jar=jar, headers={"Sec-Fetch-Site": "same-origin"}) as owner:
        async with owner.put("/admin/api/invitations", json={"token": link[0], "password": _PASSWORD}) as answer:
            answer.raise_for_status()
        async with owner.post("/admin/api/me/totp") as answer:
            secret = (await answer.json())["secret"]
        code = pyotp.TOTP(secret).at(SystemClock().now())
        async with owner.put("/admin/api/me/totp", json={"code": code}) as answer:
            answer.raise_for_status()
    return cookies_of(jar)


def cookies_of(jar: aiohttp.CookieJar) -> str:
    """Write cookies as a browser sends them."""
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in jar)
