"""What is wrong with a request, in words."""

from typing import Annotated, Any, Literal

import msgspec
import pytest

from gateway.invalid import parts, sentence


class Where(msgspec.Struct, forbid_unknown_fields=True):
    line1: Annotated[str, msgspec.Meta(min_length=1, max_length=5)]
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] = "DE"


class Content(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=9)] = "Ada"
    email: Annotated[str, msgspec.Meta(min_length=3)] = "a@b"
    address: Where | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=99)] | None = None
    weight_g: Annotated[int, msgspec.Meta(gt=0)] = 1
    rate: Annotated[float, msgspec.Meta(lt=1)] = 0.5
    skus: Annotated[list[Where], msgspec.Meta(min_length=1, max_length=2)] | None = None
    sort: Literal["title", "price"] = "title"
    is_open: bool = True


LINE = {"line1": "x"}
WRONG: list[tuple[Any, str, str]] = [
    ({"name": ""}, "name", "The name must not be empty."),
    ({"name": "a" * 10}, "name", "The name must have 9 characters or less."),
    ({"name": 7}, "name", "The name must be text."),
    ({"email": "a"}, "email", "The e-mail address must have 3 characters or more."),
    ({"address": {}}, "address.line1", "The street and number is missing."),
    ({"address": {"line1": ""}}, "address.line1", "The street and number must not be empty."),
    ({"address": {**LINE, "country": "de"}}, "address.country", "The country is not in the right form."),
    ({"address": {**LINE, "floor": 3}}, "address.floor", "`address.floor` is not known here."),
    ({"address": "Hamburg"}, "address", "The address must be an object with fields."),
    ({"quantity": 0}, "quantity", "The quantity must be 1 or more."),
    ({"quantity": 100}, "quantity", "The quantity must be 99 or less."),
    ({"quantity": 1.5}, "quantity", "The quantity must be a whole number."),
    ({"quantity": "1"}, "quantity", "The quantity must be a whole number."),
    ({"weight_g": 0}, "weight_g", "`weight_g` must be 1 or more."),
    ({"rate": 1}, "rate", "`rate` must be less than 1.0."),
    ({"skus": []}, "skus", "`skus` must not be empty."),
    ({"skus": [LINE] * 3}, "skus", "`skus` must have 2 entries or less."),
    ({"skus": [LINE, {"line1": 5}]}, "skus[1].line1", "`skus[1].line1` must be text."),
    ({"sort": "cheap"}, "sort", "`sort` is not one of the choices."),
    ({"is_open": "yes"}, "is_open", "`is_open` must be true or false."),
    ({"surname": "B"}, "surname", "`surname` is not known here."),
    ([], "", "The content must be an object with fields."),
    ("Ada", "", "The content must be an object with fields."),
]


@pytest.mark.parametrize(("content", "field", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_what_is_wrong_is_said_in_words_and_the_field_is_named(content: object, field: str, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(msgspec.json.encode(content), type=Content)

    path, what = parts(str(refused.value))

    assert path == field
    assert sentence(path, what) == words


def test_what_msgspec_may_say_tomorrow_is_no_riddle() -> None:
    assert sentence("name", "Wibbled `str` in the `wobble`") == "The name is not right."
