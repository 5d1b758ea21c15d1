"""Decisions about pictures, against models that are not written the same way."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.media.rules import (
    OWNER,
    BookedImage,
    arranged,
    description_refusal,
    findings,
    folder_of,
    id_of,
    is_forgotten,
    is_left_behind,
    original_of,
)
from bus.messages.media import DescribeImage, upload_key

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(present=IDS, wanted=st.lists(st.sampled_from("abcdefghij"), max_size=6))
def test_an_order_keeps_all_and_begins_as_wanted(present: list[str], wanted: list[str]) -> None:
    order = arranged(present, wanted)

    if isinstance(order, str):
        assert order in wanted
        assert order not in present
        return
    assert sorted(order) == sorted(present)
    places = [order.index(image) for image in dict.fromkeys(wanted)]
    assert places == list(range(len(places)))
    rest = [image for image in order if image not in wanted]
    assert rest == [image for image in present if image not in wanted]


@given(hours=st.integers(-1, 40 * 24))
def test_a_picture_is_forgotten_after_thirty_days(hours: int) -> None:
    assert is_forgotten(NOON - timedelta(hours=hours), NOON) == (hours >= 720)
    assert not is_forgotten(None, NOON)


@given(minutes=st.integers(0, 5000))
def test_an_upload_is_left_behind_after_a_day(minutes: int) -> None:
    assert is_left_behind(upload_key(NOON - timedelta(minutes=minutes)), NOON) == (minutes > 1440)
    assert not is_left_behind("incoming/sample-MUG", NOON)


@given(recipe=st.integers(1, 99), other=st.integers(1, 99))
def test_a_recipe_writes_only_into_its_own_folder_of_the_picture(recipe: int, other: int) -> None:
    name = "0" * 32
    keys = [f"{folder_of(name, each)}320.webp" for each in (recipe, other)]

    assert (keys[0] == keys[1]) == (recipe == other)
    assert {id_of(key) for key in keys} == {name}
    assert all(key.startswith(f"i/{name}/") for key in keys)  # So that a takedown finds it.


def describe(**changes: Any) -> str:
    return description_refusal(DescribeImage(product_id="MUG", id="0" * 32, **changes))


@given(x=st.floats(allow_nan=True), y=st.floats(allow_nan=True))
def test_a_focal_point_lies_within_the_picture(x: float, y: float) -> None:
    outside = [share for share in (x, y) if math.isnan(share) or share < 0 or share > 1]

    assert (describe(focal=(x, y)) != "") == bool(outside)


def test_descriptions_have_bounds() -> None:
    assert describe() == ""
    assert describe(alt="x" * 500, alts={"de": "x" * 500, "pt-BR": "", "zh-Hant-TW": "a"}, skus=("MUG", "A-1")) == ""
    for changes in (
        {"alt": "x" * 501}, {"alt": "two\nlines"}, {"alts": {"de": "x" * 501}}, {"alts": {"de": "\x1b"}},
        {"alts": {"DE": ""}}, {"alts": {"": ""}}, {"alts": {"de ": ""}}, {"alts": {"de\n": ""}},
        {"alts": {f"x{chr(97 + place)}": "" for place in range(21)}}, {"skus": ("a b",)},
        {"skus": tuple(f"S{number}" for number in range(2049))},
    ):  # fmt: skip
        assert describe(**changes) != "", changes


KEYS = st.sets(
    st.sampled_from([f"i/{name}/{file}" for name in "abc" for file in ("320.webp", "640.webp", "2/320.webp")])
)


@given(booked=KEYS, there=KEYS, originals=st.sets(st.sampled_from("abc")))
def test_the_audit_names_each_difference_once(booked: set[str], there: set[str], originals: set[str]) -> None:
    names = {id_of(key) for key in booked}
    kept = {
        name: BookedImage(name, True, frozenset({original_of(name), *(k for k in booked if id_of(k) == name)}), 1, None)
        for name in names
    }
    objects = there | {original_of(name) for name in originals} | {OWNER}

    found = {(each.check, each.about) for each in findings(kept, objects)}

    expected = {("object_has_image", id_of(key)) for key in objects - {OWNER} if id_of(key) not in names}
    expected |= {("image_has_objects", id_of(key)) for key in booked - there}
    expected |= {("image_has_objects", name) for name in names - originals}
    assert found == expected
