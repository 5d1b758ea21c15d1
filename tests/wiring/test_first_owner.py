"""A shop without an owner: by a link that is good once, or as the settings say, and never after there is one."""

from dataclasses import replace

import msgspec
import pytest

from bus.messages.staff import COMMAND_LINE, CountOwners, FindInvited, Join, ListPeople, NobodyThere, PersonKept
from bus.messages.staff_sign_in import FindCredentials, StaffCredentials
from engine.errors import BadSetting
from engine.tokens import hash_of_token
from gateway.staff_gate import StaffSettings
from testkit import ShopUnderTest
from tests.faults.scenarios.staff import joined
from wiring.first_owner import first_owner
from wiring.shop import Shop

URL = "https://shop.example"


def with_settings(shop: ShopUnderTest, email: str, password: str) -> Shop:
    staff = StaffSettings(shopflow_admin_email=email, shopflow_admin_password=password)
    return replace(shop.inside, settings=msgspec.structs.replace(shop.inside.settings, staff=staff))


def token_of(link: str) -> bytes:
    address, _, token = link.partition("#")
    assert address == f"{URL}/admin/join"
    return hash_of_token(token)


async def test_each_start_prints_a_link_and_the_one_before_is_void(shop: ShopUnderTest) -> None:
    first, second = [token_of(await first_owner(shop.inside, URL)) for _ in range(2)]

    assert await shop.ask(FindInvited(token_hash=first)) == NobodyThere()
    assert isinstance(await shop.ask(Join(token_hash=second, password="hash", by=COMMAND_LINE)), PersonKept)
    assert await shop.ask(CountOwners()) == 1
    assert await first_owner(shop.inside, URL) == ""
    assert len((await shop.ask(ListPeople())).people) == 1


async def test_the_settings_name_the_first_owner(shop: ShopUnderTest) -> None:
    assert await first_owner(with_settings(shop, "ada@shop.example", "a heron by the lake"), URL) == ""

    known = await shop.ask(FindCredentials(email="Ada@shop.example"))
    assert isinstance(known, StaffCredentials)
    assert known.password
    assert "heron" not in known.password


async def test_settings_change_nothing_once_there_is_an_owner(shop: ShopUnderTest) -> None:
    await joined(shop)
    assert await first_owner(with_settings(shop, "eve@shop.example", "a heron by the lake"), URL) == ""
    assert await shop.ask(FindCredentials(email="eve@shop.example")) == NobodyThere()


async def test_a_password_that_is_easily_guessed_is_refused_in_one_line(shop: ShopUnderTest) -> None:
    with pytest.raises(BadSetting, match="SHOPFLOW_ADMIN_PASSWORD"):
        await first_owner(with_settings(shop, "ada@shop.example", "password"), URL)
