"""Rules of the form of what buyers tell with a product, and of the names of kinds of product."""

import pytest

from bus.messages.inputs import MOST_INPUTS
from gateway.api.catalog.products import InputView
from gateway.pages.admin.input_fields import body_of, rows_of, typed_rows
from gateway.pages.admin.kinds import free_id
from gateway.pages.forms import Form
from gateway.problems import Problem

ENGRAVING = InputView(
    key="engraving", title="Engraving", kind="text", choices=[], max_length=20, surcharge=None, required=True
)


def form_of(**rows: str) -> Form:
    return Form({name.replace("__", "."): [text] for name, text in rows.items()})


def test_there_is_room_for_one_more_until_there_are_enough() -> None:
    assert [row["title"] for row in rows_of([ENGRAVING])] == ["Engraving", ""]
    assert len(rows_of([ENGRAVING] * MOST_INPUTS)) == MOST_INPUTS


def test_a_form_that_nobody_touches_says_what_there_is() -> None:
    fields = {f"{name}.{at}": [text] for at, row in enumerate(rows_of([ENGRAVING])) for name, text in row.items()}

    assert body_of(Form(fields), "EUR") == [
        {"key": "engraving", "title": "Engraving", "kind": "text", "choices": [], "required": True, "max_length": 20}
    ]
    assert len(typed_rows(Form(fields))) == 2


def test_a_row_without_a_title_is_none_and_a_surcharge_of_nothing_too() -> None:
    body = body_of(form_of(title__0="", key__0="gone", title__2="Größe!", surcharge__2="0,00", kind__2="text"), "EUR")

    assert [each["key"] for each in body] == ["grosse"]
    assert "surcharge" not in body[0]


def test_choices_are_of_a_choice_alone() -> None:
    body = body_of(
        form_of(title__0="A", kind__0="text", choices__0="x", title__1="B", kind__1="choice", choices__1="x\ny\nx"),
        "EUR",
    )

    assert [each["choices"] for each in body] == [[], ["x", "y"]]


def test_two_titles_without_letters_that_keys_have_are_two_all_the_same() -> None:
    body = body_of(form_of(title__0="茶", title__1="色", title__2="3 letters"), "EUR")

    assert [each["key"] for each in body] == ["input_0", "input_1", "letters"]


@pytest.mark.parametrize(("name", "text"), [("surcharge", "-1"), ("surcharge", "1.234"), ("max_length", "long")])
def test_what_cannot_be_read_is_named(name: str, text: str) -> None:
    with pytest.raises(Problem) as refused:
        body_of(form_of(title__1="Engraving", **{f"{name}__1": text}), "EUR")

    assert refused.value.members["field"] == f"{name}.1"


@pytest.mark.parametrize(("name", "text"), [("surcharge", "5"), ("choices", "Serif")])
def test_what_is_typed_beside_a_title_that_is_missing_is_not_dropped(name: str, text: str) -> None:
    with pytest.raises(Problem) as refused:
        body_of(form_of(kind__1="choice", **{f"{name}__1": text}), "EUR")

    assert refused.value.members["field"] == "title.1"


@pytest.mark.parametrize(
    ("title", "taken", "name"), [("Rugs", (), "rugs"), ("Rugs!", ("rugs", "rugs-2"), "rugs-3"), ("茶", (), "product")]
)
def test_a_kind_has_an_id_of_its_own(title: str, taken: tuple[str, ...], name: str) -> None:
    assert free_id(title, taken) == name
