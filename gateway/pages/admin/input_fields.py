"""Inputs of buyers with a product as rows of a form, and what is typed there as the API takes it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from bus.messages.base import Currency
from bus.messages.inputs import MOST_INPUTS
from gateway.api.catalog.products import InputView
from gateway.pages.admin.matrix import key_of
from gateway.pages.admin.merging import Draft, Fields, fresh, typed
from gateway.pages.forms import Form
from gateway.pages.typed import lines_of, minor_units, typed_amount
from gateway.problems import Problem

Row: TypeAlias = Mapping[str, str]

NAMES: Final = ("title", "key", "kind", "choices", "max_length", "surcharge", "required")
_ROWS: Final = "inputs"
_EMPTY: Final[Row] = {**dict.fromkeys(NAMES, ""), "kind": "text", "max_length": "100"}


def rows_of(inputs: Sequence[InputView]) -> Sequence[Row]:
    """Return the rows of a form: one of each input, and an empty one while there may be more."""
    return [*(_row(each) for each in inputs), _EMPTY][:MOST_INPUTS]


def typed_rows(form: Form) -> Sequence[Row]:
    """Return the rows of a form as they were typed, `title.0` and so on."""
    return [row for at in range(MOST_INPUTS) if any((row := _typed(form, at)).values())]


def draft_of(inputs: Sequence[InputView], revision: int) -> Draft:
    """Return the form of what is stored. All rows are one field: a row that goes moves those below it."""
    return fresh({_ROWS: _written(rows_of(inputs))}, revision)


def typed_draft(form: Form) -> Draft:
    """Read a form that was sent.

    Raises:
        Problem: It does not carry what it was.
    """
    return typed(Form({**form.fields, _ROWS: [_written(typed_rows(form))]}), (_ROWS,))


def shown_rows(fields: Fields) -> Sequence[Row]:
    """Return the rows of a draft's fields; none if it has none."""
    return msgspec.json.decode(fields.get(_ROWS, "[]"), type=list[dict[str, str]])


def _written(rows: Sequence[Row]) -> str:
    return msgspec.json.encode([{**row, "choices": row["choices"].replace("\r\n", "\n")} for row in rows]).decode()


def body_of(form: Form, currency: Currency) -> Sequence[Mapping[str, object]]:
    """Write inputs as the API takes them. A row whose title was taken out goes; a key is made of the title.

    Raises:
        Problem: A field can't be read, or a new row has no title; it is named as it was sent.
    """
    for at in range(MOST_INPUTS):
        row = _typed(form, at)
        if not (row["title"] or row["key"]) and (row["choices"] or row["surcharge"]):
            raise Problem(422, "invalid", f"title.{at}: must say what is asked for", field=f"title.{at}")
    return [_input(form, at, currency) for at in range(MOST_INPUTS) if form.get(f"title.{at}")]


def _row(wanted: InputView) -> Row:
    return {
        "title": wanted.title,
        "key": wanted.key,
        "kind": wanted.kind,
        "choices": "\n".join(wanted.choices),
        "max_length": str(wanted.max_length),
        "surcharge": typed_amount(wanted.surcharge),
        "required": "yes" if wanted.required else "",
    }


def _typed(form: Form, at: int) -> Row:
    return {name: form.get(f"{name}.{at}") for name in NAMES}


def _input(form: Form, at: int, currency: Currency) -> Mapping[str, object]:
    row = _typed(form, at)
    surcharge = minor_units(row["surcharge"], currency, f"surcharge.{at}") if row["surcharge"] else 0
    longest = form.number(f"max_length.{at}")
    return {
        "key": row["key"] or key_of(row["title"], f"input_{at}"),
        "title": row["title"],
        "kind": row["kind"],
        "choices": lines_of(row["choices"]) if row["kind"] == "choice" else [],
        "required": bool(row["required"]),
        **({"max_length": longest} if longest is not None else {}),
        **({"surcharge": {"amount": surcharge, "currency": currency}} if surcharge else {}),
    }
