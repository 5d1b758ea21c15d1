"""The parameters of Stripe's API: forms with brackets in, typed parameters out. Unknown ones are refused."""

import re
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Struct

from sandbox.stripe.dispute_objects import Evidence
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.objects import AutomaticPaymentMethods, CancellationReason, MethodType, RefundReason, Tree

MAX_FIELDS = 500
MAX_DEPTH = 5
LISTS = frozenset({"allowed_payment_method_types", "expand", "payment_method_types", "types"})

Amount = Annotated[int, Meta(ge=1, le=10**15)]  # How much of it Stripe takes depends on the currency.
Currency = Annotated[str, Meta(min_length=1, max_length=50)]  # Stripe refuses one that it does not know with a list.
Time = Annotated[int, Meta(ge=0)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=40)], Annotated[str, Meta(max_length=500)]], Meta(max_length=50)
]

P = TypeVar("P", bound="Params")


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of every call."""

    expand: list[str] = []


class CardNumber(Struct, frozen=True, kw_only=True):
    """A card, as a payment page sends it."""

    number: str


class Account(Struct, frozen=True, kw_only=True):
    """A bank account, as a payment page sends it."""

    iban: str


class PaymentMethodData(Struct, frozen=True, kw_only=True):
    """A payment method made on the spot."""

    type: MethodType
    card: CardNumber | None = None
    sepa_debit: Account | None = None


class Payable(Params, frozen=True, kw_only=True):
    """Parameters of a confirmation."""

    payment_method: str | None = None
    payment_method_data: PaymentMethodData | None = None
    return_url: Annotated[str, Meta(pattern="^https?://")] | None = None
    receipt_email: str | None = None
    shipping: dict[str, object] | None = None
    setup_future_usage: Literal["on_session", "off_session"] | None = None


class CreateIntent(Payable, frozen=True, kw_only=True):
    """Parameters of creating a payment intent."""

    amount: Amount
    currency: Currency
    automatic_payment_methods: AutomaticPaymentMethods | None = None
    capture_method: Literal["automatic", "automatic_async"] = "automatic_async"
    confirm: bool = False
    customer: str | None = None
    description: str | None = None
    metadata: Metadata = {}
    allowed_payment_method_types: list[str] | None = None  # Of these Stripe takes what fits the currency.
    payment_method_types: list[str] | None = None  # The same, as older versions of the API name it, all of them.
    statement_descriptor_suffix: str | None = None


class ConfirmIntent(Payable, frozen=True, kw_only=True):
    """Parameters of confirming a payment intent."""

    client_secret: str | None = None
    use_stripe_sdk: bool = False
    mandate_data: dict[str, object] | None = None


class RetrieveIntent(Params, frozen=True, kw_only=True):
    """Parameters of reading a payment intent."""

    client_secret: str | None = None


class CancelIntent(Params, frozen=True, kw_only=True):
    """Parameters of cancelling a payment intent."""

    cancellation_reason: CancellationReason | None = None


class CreateRefund(Params, frozen=True, kw_only=True):
    """Parameters of a refund."""

    payment_intent: str | None = None
    charge: str | None = None
    amount: Amount | None = None
    reason: RefundReason | None = None
    metadata: Metadata = {}


class CreatedRange(Struct, frozen=True, forbid_unknown_fields=True):
    """A range of Unix seconds; each bound may be missing."""

    gt: Time | None = None
    gte: Time | None = None
    lt: Time | None = None
    lte: Time | None = None


class ListParams(Params, frozen=True, kw_only=True):
    """Parameters of every list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    starting_after: str | None = None
    ending_before: str | None = None
    created: CreatedRange | Time | None = None


class ListByIntent(ListParams, frozen=True, kw_only=True):
    """Parameters of the list of charges."""

    payment_intent: str | None = None


class ListByPayment(ListByIntent, frozen=True, kw_only=True):
    """Parameters of the lists that belong to a payment, or to one charge of it."""

    charge: str | None = None


class UpdateDispute(Params, frozen=True, kw_only=True):
    """Parameters of answering a dispute."""

    evidence: Evidence = Evidence()
    metadata: Metadata | None = None
    submit: bool = True


class ListEvents(ListParams, frozen=True, kw_only=True):
    """Parameters of the list of events: one type, `*` included, or some."""

    type: str | None = None
    types: Annotated[list[str], Meta(max_length=20)] = []


def form(text: str) -> Tree:
    """`metadata[order_id]=7` becomes `{"metadata": {"order_id": "7"}}`. Empty values are left out.

    Raises:
        StripeError: Not a form, or nested too deep.
    """
    try:
        pairs = parse_qsl(text, max_num_fields=MAX_FIELDS, strict_parsing=bool(text))
    except ValueError as error:
        raise invalid(f"Invalid form: {error}", keep=False) from None
    tree: Tree = {}
    for name, value in pairs:
        _plant(tree, name, value)
    return tree


def _plant(tree: Tree, name: str, value: str) -> None:
    if "[" not in name:
        tree[name] = value
        return
    first, *rest = name.replace("]", "").split("[")
    if len(rest) > MAX_DEPTH:
        raise invalid(f"Nested too deep: {name[:100]}", param=first, keep=False)
    for inner in rest:
        branch = tree.setdefault(first, {})
        if isinstance(branch, str):
            raise invalid(f"Invalid parameter: {name[:100]}", param=first, keep=False)
        tree, first = branch, inner or str(len(branch))
    tree[first] = value


def decode(tree: Tree, kind: type[P]) -> P:
    """Convert a form to typed parameters.

    Raises:
        StripeError: 400, with the name of the parameter; not stored under the idempotency key.
    """
    plain: dict[str, object] = {name: _as_list(name, value) for name, value in tree.items()}
    try:
        return msgspec.convert(plain, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None


def _as_list(name: str, value: str | Tree) -> object:
    if name in LISTS and isinstance(value, dict):
        return list(value.values())
    return value


def _refusal(reason: str) -> StripeError:
    """Translate msgspec's "what - at `$.path`" into Stripe's error: a code, and the parameter's name in brackets."""
    what, _, place = reason.partition(" - at `$.")
    path = place.rstrip("`").split(".") if place else []
    if found := re.search(r"missing required field `(\w+)`", what):
        param = _bracketed([*path, found[1]])
        return invalid(f"Missing required param: {param}.", code="parameter_missing", param=param, keep=False)
    if found := re.search(r"unknown field `(.*)`", what):
        param = _bracketed([*path, found[1]])
        return invalid(f"Received unknown parameter: {param}", code="parameter_unknown", param=param, keep=False)
    code = "parameter_invalid_integer" if "`int`" in what else None
    param = _bracketed(path)
    return invalid(f"Invalid {param}: {what}", code=code, param=param or None, keep=False)


def _bracketed(path: list[str]) -> str:
    return path[0] + "".join(f"[{part}]" for part in path[1:]) if path else ""
