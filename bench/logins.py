"""Sign-ins with a password: the hash, the actor and the session, without HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import uvloop

from bench.in_process_shop import open_in_process_shop
from bench.report import ResultTable, percentile, spread
from bus.messages.base import new_id
from bus.messages.customer import (
    AccountMail,
    LogIn,
    ReadAccountMail,
    ReadCredentials,
    Register,
    SignedIn,
    VerifyRegistration,
)
from engine.passwords import Passwords, PasswordSettings, open_passwords
from gateway.customers import CUSTOMERS
from gateway.sessions import Sessions
from wiring.shop import Shop

_EMAIL, _PASSWORD = "ada@example.com", "ohv7 Aeth kaffee"
_CALLERS: Final = (1, 32)
_RUNS, _SIGN_INS = 3, 256


class Row(NamedTuple):
    """A number of callers, and what they got."""

    callers: int
    per_second: list[float]
    took_s: list[float]


def table(folder: Path) -> ResultTable:
    """Sign-ins with a password."""
    found = ResultTable(
        "Sign-ins with a password, without HTTP",
        ("callers", "sign-ins a second", "p50, ms", "p99, ms"),
        aim="Aim: 85 a second on two cores, 30 ms for one caller.",
    )
    for row in uvloop.run(_measure(folder)):
        times = (f"{percentile(row.took_s, share) * 1000:.0f}" for share in (0.5, 0.99))
        found.add(str(row.callers), spread(row.per_second), *times)
    return found


async def _measure(folder: Path) -> list[Row]:
    async with open_in_process_shop(folder) as shop, open_passwords(PasswordSettings()) as passwords:
        index = await _customer(shop, passwords)
        sessions = Sessions(shop.services.redis, shop.clock, CUSTOMERS, is_https=True)

        async def sign_in() -> float:
            began = perf_counter()
            known = await shop.bus.ask(ReadCredentials(email_index=index))
            assert (await passwords.verify(_PASSWORD, known.password)).fits
            ask = LogIn(customer_id=known.customer_id or "", password=known.password or "")
            entered = await shop.bus.ask(ask)
            assert isinstance(entered, SignedIn)
            await sessions.begin(entered.customer_id, entered.generation, method="password")
            return perf_counter() - began

        rows = []
        for callers in _CALLERS:
            row = Row(callers, [], [])
            for _ in range(_RUNS):
                began = perf_counter()
                each = _SIGN_INS // callers
                many = await asyncio.gather(*(_again(sign_in, each) for _ in range(callers)))
                row.per_second.append(callers * each / (perf_counter() - began))
                row.took_s.extend(seconds for one in many for seconds in one)
            rows.append(row)
        return rows


async def _again(sign_in: Callable[[], Awaitable[float]], times: int) -> list[float]:
    return [await sign_in() for _ in range(times)]


async def _customer(shop: Shop, passwords: Passwords) -> str:
    """Make an account, with the code that its mail would show."""
    index = shop.vault.email_index(_EMAIL).hex()
    password = await passwords.hash(_PASSWORD)
    await shop.bus.ask(
        Register(email_index=index, email=_EMAIL, name="Ada", password=password, browser=new_id("browser"))
    )
    (row,) = await shop.services.database.fetch("select id, subject from customer.codes where purpose = 'register'")
    mail = await shop.bus.ask(ReadAccountMail(mail_id=row["id"], kind="register", customer_id=row["subject"]))
    assert isinstance(mail, AccountMail)
    opened = await shop.bus.ask(VerifyRegistration(email_index=index, code=mail.code, browser=None))
    assert isinstance(opened, SignedIn)
    return index
