"""Passwords: what is refused, what a check costs at most, and that nobody's takes as long as somebody's."""

import asyncio
import hashlib
import secrets
import time
from pathlib import Path

import pytest

from engine.common_passwords import is_common
from engine.errors import BadSetting
from engine.passwords import (
    BreachedPasswords,
    Passwords,
    PasswordsBusy,
    PasswordSettings,
    open_passwords,
    prefix_of,
    weakness,
)

FAST = PasswordSettings(shopflow_argon2_kib=7 * 1024, shopflow_argon2_passes=1)
GOOD = "correct horse battery staple"


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password1", "P4ssw0rd!", "passw0rd2024", "Summer2024!", "qwerty123", "qwertyuiop", "12345678",
        "123456789", "87654321", "11111111", "abcabcabc", "abcd1234", "iloveyou", "ILoveYou2!", "letmein!", "welcome1",
        "1q2w3e4r", "1qaz2wsx", "zaq12wsx", "asdfasdf", "password123", "adminadmin", "football1", "princess99",
        "!!!!!!!!", "sunshine", "Monkey123", "dragon2010", "trustno1", "superman1", "mypassword",
        "Passwort1!", "hallo123", "schatz2019", "motdepasse", "shopflow1", "a1a1a1a1", "ａａａａａａａａ", "asdf1234",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert weakness(password) == "common"


@pytest.mark.parametrize(
    "password", [GOOD, "ohv7Aeth", "kaffee am Montag um 7", "Tr0ub4dor&3x", "🦊🦊 rennen im Wald", "8 Teller, 3 Tassen"]
)
def test_what_is_not_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert weakness(password) is None


def test_any_length_from_8_to_128_characters_is_taken() -> None:
    text = "ohv7Aeth" * 17

    assert [weakness(secrets.token_hex(64)[:length]) for length in (7, 8, 128)] == ["too_short", None, None]
    assert weakness(text[:129]) == "too_long"


def test_a_password_does_not_contain_what_others_know_of_its_owner() -> None:
    about = ("ada.lovelace@example.com", "Ada King Lovelace")

    assert weakness("xADA.Lovelace7x", about) == "about_you"
    assert weakness("the lovelace engine", about) == "about_you"
    assert weakness("ada ohv7Aeth", about) is None  # A short name is in too many words.
    assert weakness("example.com ohv7", about) is None


@pytest.mark.parametrize("text", ["x y" * 42 + "ab", "x1y2z3" * 21, "1234" + "qwer" * 31, "summerwinter" * 10 + "!"])
def test_a_long_text_is_judged_at_once(text: str) -> None:
    """In the event loop: a millisecond for each would be too long."""
    began = time.process_time()
    for _ in range(100):
        is_common(text)

    assert time.process_time() - began < 0.1


async def test_a_password_fits_its_hash_and_no_other() -> None:
    async with open_passwords(FAST) as passwords:
        encoded = await passwords.hash(GOOD)

        assert encoded.startswith("$argon2id$v=19$m=7168,t=1,p=1$")
        assert await passwords.hash(GOOD) != encoded  # A salt each.
        assert (await passwords.verify(GOOD, encoded)).fits
        assert not (await passwords.verify(GOOD + " ", encoded)).fits
        assert not (await passwords.verify("x" * 10_000, encoded)).fits
        assert not (await passwords.verify(GOOD, None)).fits
        assert not (await passwords.verify(GOOD, "no hash")).fits


async def test_a_composed_and_a_decomposed_letter_are_the_same() -> None:
    async with open_passwords(FAST) as passwords:
        assert (await passwords.verify("o\u0308l und essig", await passwords.hash("\u00f6l und essig"))).fits


async def test_a_hash_by_older_settings_is_made_anew_when_it_is_used() -> None:
    async with open_passwords(FAST) as old:
        encoded = await old.hash(GOOD)
        assert (await old.verify(GOOD, encoded)).rehashed is None
    async with open_passwords(PasswordSettings(shopflow_argon2_kib=8 * 1024)) as new:
        verified = await new.verify(GOOD, encoded)

        assert verified.fits
        assert verified.rehashed is not None
        assert (await new.verify(GOOD, verified.rehashed)).rehashed is None
        assert (await new.verify("another", encoded)).rehashed is None


async def test_only_so_many_wait_and_the_rest_is_refused_at_once() -> None:
    async with open_passwords(FAST) as passwords:
        asked = await asyncio.gather(*(passwords.verify(GOOD, None) for _ in range(200)), return_exceptions=True)

        refused = [each for each in asked if isinstance(each, PasswordsBusy)]
        assert 200 - 68 <= len(refused) < 200 - 64
        assert refused[0].retry_after_s == 1.0
        assert await passwords.hash(GOOD)  # And all of them are done with.


async def test_whoever_leaves_gives_up_the_place() -> None:
    async with open_passwords(FAST) as passwords:
        for _ in range(3):
            asked = [asyncio.ensure_future(passwords.hash(GOOD)) for _ in range(60)]
            await asyncio.sleep(0)
            for each in asked:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        assert await passwords.hash(GOOD)


def breached_file(folder: Path, *listed: str) -> Path:
    path = folder / "breached"
    noise = (hashlib.sha1(str(number).encode()).digest()[:8] for number in range(10_000))
    path.write_bytes(b"".join(sorted({*noise, *map(prefix_of, listed)})))
    return path


def test_the_file_of_breached_passwords_has_what_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    file = BreachedPasswords(breached_file(tmp_path, GOOD, "ohv7Aeth"))

    assert GOOD in file
    assert "ohv7Aeth" in file
    assert all(str(number) in file for number in range(10_000))
    assert not any(f"not {number}" in file for number in range(10_000))
    file.close()


async def test_a_breached_password_is_refused(tmp_path: Path) -> None:
    path = str(breached_file(tmp_path, GOOD))
    async with open_passwords(PasswordSettings(shopflow_breached_passwords=path)) as passwords:
        assert await weaknesses(passwords, GOOD, "another good one", "password") == ["breached", None, "common"]


async def weaknesses(passwords: Passwords, *asked: str) -> list[str | None]:
    return [await passwords.weakness(each) for each in asked]


@pytest.mark.parametrize("content", [None, b"", b"123"])
def test_a_file_that_is_none_is_refused_by_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "breached"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadSetting, match="SHOPFLOW_BREACHED_PASSWORDS"):
        BreachedPasswords(path)
