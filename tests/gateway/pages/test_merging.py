"""Two editors of one thing: what fits together does, and where both have changed one field, nothing is lost."""

import pytest

from gateway.pages.admin.merging import Draft, changed, merge, typed
from gateway.pages.forms import Form
from gateway.problems import Problem

WAS = {"title": "Mug", "brand": "", "tags": "cup"}


def sent(**fields: str) -> Draft:
    form = {"was": ['{"title":"Mug","brand":"","tags":"cup"}'], "revision": ["3"]}
    return typed(Form({**form, **{name: [text] for name, text in {**WAS, **fields}.items()}}), WAS.keys())


def test_only_what_was_changed_is_sent() -> None:
    draft = sent(title=" Blue mug ")

    assert changed(draft) == {"title": "Blue mug"}
    assert draft.revision == 3


def test_changes_of_different_fields_fit_together() -> None:
    merged = merge(sent(title="Blue mug"), {**WAS, "brand": "Heron"}, 4)

    assert merged.theirs == {}
    assert merged.fields == {"title": "Blue mug", "brand": "Heron", "tags": "cup"}
    assert changed(merged) == {"title": "Blue mug"}
    assert merged.revision == 4


def test_of_a_field_that_both_have_changed_both_texts_are_kept() -> None:
    merged = merge(sent(title="Blue mug", tags="cup, blue"), {**WAS, "title": "Big mug"}, 4)

    assert merged.theirs == {"title": "Big mug"}
    assert merged.fields["title"] == "Blue mug"
    assert merged.was["title"] == "Big mug"


def test_both_who_wrote_the_same_agree() -> None:
    assert merge(sent(title="Blue mug"), {**WAS, "title": "Blue mug"}, 4).theirs == {}


def test_what_says_one_thing_together_is_not_put_together() -> None:
    merged = merge(sent(title="Blue mug"), {**WAS, "brand": "Heron", "tags": "tea"}, 4, [("title", "brand")])

    assert merged.theirs == {"brand": "Heron"}
    assert merged.fields == {"title": "Blue mug", "brand": "", "tags": "tea"}


def test_what_only_one_has_changed_of_what_says_one_thing_fits() -> None:
    assert merge(sent(title="Blue mug"), {**WAS, "tags": "tea"}, 4, [("title", "brand")]).theirs == {}


def test_an_editor_may_take_what_the_other_has_written() -> None:
    form = {"was": ['{"title":"Big mug"}'], "revision": ["4"], "title": ["Blue mug"], "theirs": ["title"]}

    assert changed(typed(Form(form), ["title"])) == {}


def test_several_values_have_commas_between_them_in_one_order() -> None:
    form = {"was": ['{"more":"a,b"}'], "revision": ["1"], "more": ["", "b", "a"]}

    assert changed(typed(Form(form), ["more"])) == {}


@pytest.mark.parametrize("was", ["", "[]", "{", '{"title":1}'])
def test_a_form_that_does_not_say_what_it_was_is_refused(was: str) -> None:
    with pytest.raises(Problem):
        typed(Form({"was": [was], "revision": ["3"]}), ["title"])
