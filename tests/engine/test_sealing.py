"""Boxes open in their place, for their purpose and their person, and nowhere else."""

from itertools import permutations

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import BadInput
from engine.sealing import DoesNotOpen, Erased, OpenKeys, Owner, Place, Purpose, derive, unwrap, wrap


class Profile(msgspec.Struct, frozen=True):
    name: str
    email: str


ADA = Profile("Ada Lovelace", "ada@example.com")
HERE = Place("customer.customers", "profile", "cus_1")


def keys_of(*owners: tuple[str, Purpose], key: bytes = b"k" * 32) -> OpenKeys:
    return OpenKeys({Owner(*owner): AESGCM(key) for owner in owners})


def test_what_was_sealed_is_read() -> None:
    keys = keys_of(("cus_1", "account"))
    box = keys.seal(ADA, HERE, "cus_1", "account")

    assert keys.read(Profile, box, HERE, "cus_1", "account") == ADA
    assert b"Ada" not in box
    assert len(box) == len(msgspec.json.encode(ADA)) + 29


def test_no_two_boxes_are_the_same() -> None:
    keys = keys_of(("cus_1", "account"))
    assert len({keys.seal(ADA, HERE, "cus_1", "account") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("customer.customers", "profile", "cus_2"),
        Place("customer.customers", "backup", "cus_1"),
        Place("customer.addresses", "profile", "cus_1"),
    ],
)
def test_a_box_that_was_moved_does_not_open(elsewhere: Place) -> None:
    keys = keys_of(("cus_1", "account"))
    box = keys.seal(ADA, HERE, "cus_1", "account")

    with pytest.raises(DoesNotOpen):
        keys.read(Profile, box, elsewhere, "cus_1", "account")


@pytest.mark.parametrize(("sealed", "read"), list(permutations(("account", "invoice", "activity"), 2)))
def test_a_box_opens_for_its_purpose_alone_even_under_the_same_key(sealed: Purpose, read: Purpose) -> None:
    keys = keys_of(("cus_1", sealed), ("cus_1", read))
    box = keys.seal(ADA, HERE, "cus_1", sealed)

    with pytest.raises(DoesNotOpen):
        keys.read(Profile, box, HERE, "cus_1", read)


def test_a_box_of_another_person_does_not_open_even_under_the_same_key() -> None:
    keys = keys_of(("cus_1", "account"), ("cus_2", "account"))
    with pytest.raises(DoesNotOpen):
        keys.read(Profile, keys.seal(ADA, HERE, "cus_1", "account"), HERE, "cus_2", "account")


def test_each_byte_that_is_altered_is_found() -> None:
    keys = keys_of(("cus_1", "account"))
    box = keys.seal(ADA, HERE, "cus_1", "account")

    for place in range(len(box)):
        altered = bytearray(box)
        altered[place] ^= 1
        with pytest.raises(DoesNotOpen, match=r"customer\.customers\.profile of cus_1 does not open"):
            keys.read(Profile, bytes(altered), HERE, "cus_1", "account")
    for length in range(len(box)):
        with pytest.raises(DoesNotOpen):
            keys.read(Profile, box[:length], HERE, "cus_1", "account")


def test_a_box_without_its_key_reads_as_erased() -> None:
    box = keys_of(("cus_1", "account")).seal(ADA, HERE, "cus_1", "account")
    assert keys_of(("cus_1", "invoice")).read(Profile, box, HERE, "cus_1", "account") == Erased()


def test_nothing_is_sealed_without_a_key() -> None:
    with pytest.raises(BadInput, match="no key of cus_1 for account"):
        keys_of().seal(ADA, HERE, "cus_1", "account")


def test_a_wrapped_key_is_about_one_thing() -> None:
    cover = AESGCM(b"c" * 32)
    wrapped = wrap(cover, b"k" * 32, "one")

    assert len(wrapped) == 60
    assert unwrap(cover, wrapped, "one") == b"k" * 32
    for other in ((AESGCM(b"d" * 32), wrapped, "one"), (cover, wrapped, "another"), (cover, wrapped[:5], "one")):
        with pytest.raises(DoesNotOpen):
            unwrap(*other)


def test_labels_make_keys_apart() -> None:
    assert len({derive(b"r" * 32, "tokens"), derive(b"r" * 32, "codes"), derive(b"s" * 32, "tokens")}) == 3


def test_keys_do_not_show_themselves() -> None:
    assert "kkk" not in repr(keys_of(("cus_1", "account")))
