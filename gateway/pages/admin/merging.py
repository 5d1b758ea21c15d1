"""Two people edit one thing: what each has changed, and where both have. Pure.

A form carries, beside its fields, what they were when it was shown (`was`) and the revision of that. Only what its
editor has changed is sent. If somebody else was first, fields that only one of the two has changed fit together; where
both have changed the same one, both texts are shown, and the editor says which one stays.

Rejected: docs/decisions/0062.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

import msgspec

from gateway.pages.forms import Form
from gateway.problems import Problem

Fields: TypeAlias = Mapping[str, str]
WAS = "was"
REVISION = "revision"
THEIRS = "theirs"  # Names of fields that shall be as the other editor has left them.


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it is shown. `theirs` has what somebody else wrote into fields that this editor has changed, too."""

    fields: Fields
    was: Fields
    revision: int
    theirs: Fields = msgspec.field(default_factory=dict)

    @property
    def was_json(self) -> str:
        """Return the fields as they were, for the form to carry."""
        return msgspec.json.encode(self.was).decode()


def fresh(fields: Fields, revision: int) -> Draft:
    """Return a form that nobody has touched."""
    return Draft(fields=fields, was=fields, revision=revision)


def typed(form: Form, names: Collection[str]) -> Draft:
    """Read a form that was sent: fields with several values have commas between them.

    Raises:
        Problem: It does not carry what it was.
    """
    try:
        was = msgspec.json.decode(form.get(WAS), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise Problem(422, "invalid", "This form can't be read.") from error
    given = set(form.all(THEIRS))
    sent = {name: _text(form, name) for name in names}
    fields = {name: was.get(name, "") if name in given else text for name, text in sent.items()}
    return Draft(fields=fields, was={name: was.get(name, "") for name in names}, revision=form.number(REVISION) or 0)


def changed(draft: Draft) -> Fields:
    """Return the fields that the editor has changed."""
    return {name: text for name, text in draft.fields.items() if text != draft.was.get(name, "")}


def merge(draft: Draft, now: Fields, revision: int, together: Iterable[Collection[str]] = ()) -> Draft:
    """Put a draft on top of what somebody else has saved meanwhile.

    Args:
        draft: As it was sent.
        now: The fields as they are saved.
        revision: Of these.
        together: Names of fields that say one thing, such as a kind and its choices: of a group in which both have
            changed anything, nothing is put together, but all of it is shown.
    """
    mine = dict(changed(draft))
    for group in together:
        if any(name in mine for name in group) and any(now.get(name, "") != draft.was.get(name, "") for name in group):
            mine |= {name: draft.fields.get(name, "") for name in group}
    theirs = {
        name: now.get(name, "")
        for name, text in mine.items()
        if now.get(name, "") not in (draft.was.get(name, ""), text)
    }
    return Draft(fields={**now, **mine}, was=now, revision=revision, theirs=theirs)


def _text(form: Form, name: str) -> str:
    texts = [each.strip().replace("\r\n", "\n") for each in form.all(name)]
    return ",".join(sorted(text for text in texts if text)) if len(texts) > 1 else "".join(texts)
