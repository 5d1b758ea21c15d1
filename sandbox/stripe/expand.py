"""`expand`: ids in an answer become the objects they name. Pure; the caller passes a function that fetches objects.

Source: Stripe API reference, "Expanding Responses". Objects that only the real Stripe has (a review, a transfer)
are null anyway, or stay ids; paths that Stripe does not know are refused before anything is done.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sandbox.stripe.errors import StripeError, invalid

MAX_DEPTH: Final = 4  # Names in a path, `data` of a list among them.
DATA: Final = "data"
REFUNDS: Final = "charge.refunds"  # A list that is there only when it is asked for; its id is the charge's.


def _fields(known: str, **objects: str) -> dict[str, str]:
    return {**dict.fromkeys(known.split(), ""), **objects}


# Of each kind of object the fields that can be expanded, and into what; "" is what is whole already, or null.
# Source: Stripe's OpenAPI specification, `x-expandableFields`.
FIELDS: Final[dict[str, dict[str, str]]] = {
    "payment_intent": _fields(
        "amount_details application automatic_payment_methods customer hooks last_payment_error next_action "
        "on_behalf_of payment_details payment_method_configuration_details payment_method_options payment_record "
        "presentment_details processing review shipping source transfer_data",
        latest_charge="charge",
        payment_method="payment_method",
    ),
    "charge": _fields(
        "application application_fee balance_transaction billing_details customer failure_balance_transaction "
        "fraud_details level3 on_behalf_of outcome payment_method_details presentment_details radar_options review "
        "shipping source source_transfer transfer transfer_data",
        payment_intent="payment_intent",
        refunds=REFUNDS,
    ),
    "refund": _fields(
        "balance_transaction customer destination_details failure_balance_transaction next_action payment_method "
        "presentment_details source_transfer_reversal transfer_reversal",
        charge="charge",
        payment_intent="payment_intent",
    ),
    "dispute": _fields(
        "balance_transactions evidence evidence_details payment_method_details",
        charge="charge",
        payment_intent="payment_intent",
    ),
    "radar.early_fraud_warning": _fields("", charge="charge", payment_intent="payment_intent"),
    "payment_method": _fields("billing_details card customer radar_options sepa_debit"),
    "event": _fields("data request"),
    REFUNDS: _fields("", data="refund"),
}

Fetch = Callable[[str, str], "dict[str, object] | None"]  # Kind and id to the object's fields.


def check(paths: Sequence[str], kind: str, *, is_list: bool) -> None:
    """Raises: StripeError, for a path that Stripe does not know."""
    for path in paths:
        names = path.split(".")
        if len(names) > MAX_DEPTH:
            raise _refused(path)
        if is_list and names.pop(0) != DATA:
            raise _refused(path.split(".")[0], f" You may want to try expanding 'data.{path.split('.')[0]}' instead.")
        _check_names(names, kind)


def _check_names(names: Sequence[str], kind: str) -> None:
    for place, name in enumerate(names):
        if name not in FIELDS[kind]:
            raise _refused(".".join(names[: place + 1]))
        kind = FIELDS[kind][name]
        if not kind:  # The rest of the path is of objects that do not exist here.
            return


def expand(answer: dict[str, object], paths: Sequence[str], fetch: Fetch) -> None:
    """Put the objects into an answer's fields; of a list, into those of each item."""
    for path in paths:
        places = [answer]
        for name in path.split("."):
            places = [inner for place in places for inner in _opened(place, name, fetch)]


def _opened(place: dict[str, object], name: str, fetch: Fetch) -> Iterator[dict[str, object]]:
    value = place.get(name)
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))
        return
    kind = FIELDS.get(str(place.get("object")), {}).get(name, "")
    if kind == REFUNDS:
        value = place["id"]
    if isinstance(value, str) and kind and (found := fetch(kind, value)) is not None:
        place[name] = value = found
    if isinstance(value, dict):
        yield value


def _refused(name: str, hint: str = "") -> StripeError:
    return invalid(f"This property cannot be expanded ({name}).{hint}", keep=False)
