"""Decisions about pictures, against models that are not written the same way."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from actors.media.rules import BookedImage, arranged, findings, id_of, is_forgotten, is_left_behind, original_of
from bus.messages.media import upload_key

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


KEYS = st.sets(st.sampled_from([f"i/{name}/{width}.webp" for name in "abc" for width in (320, 640)]))


@given(booked=KEYS, there=KEYS, originals=st.sets(st.sampled_from("abc")))
def test_the_audit_names_each_difference_once(booked: set[str], there: set[str], originals: set[str]) -> None:
    names = {id_of(key) for key in booked}
    kept = {
        name: BookedImage(name, True, frozenset({original_of(name), *(k for k in booked if id_of(k) == name)}), 1, None)
        for name in names
    }
    objects = there | {original_of(name) for name in originals}

    found = {(each.check, each.about) for each in findings(kept, objects)}

    expected = {("object_has_image", id_of(key)) for key in objects if id_of(key) not in names}
    expected |= {("image_has_objects", id_of(key)) for key in booked - there}
    expected |= {("image_has_objects", name) for name in names - originals}
    assert found == expected
