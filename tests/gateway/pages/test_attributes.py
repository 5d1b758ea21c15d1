"""The form of an attribute has room for all choices that the API takes, and not for much more."""

from urllib.parse import urlencode

from bus.messages.attributes import LONGEST_CHOICE, MOST_CHOICES
from gateway.pages import forms
from gateway.pages.admin.attributes import MOST_BYTES
from gateway.pages.admin.merging import WAS, fresh


def test_all_choices_fit_as_they_are_typed_and_as_they_were() -> None:
    choices = ["€" * LONGEST_CHOICE] * MOST_CHOICES
    was = fresh({"choices": "\n".join(choices)}, 1).was_json

    sent = len(urlencode({"choices": "\r\n".join(choices), WAS: was}))

    assert sent + 1000 > MOST_BYTES - forms.MOST_BYTES
    assert sent + 1000 < MOST_BYTES
