"""A customer's passkeys, and signing in with one."""

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.customer import NoSuchCustomer
from bus.messages.customer_own import (
    AddPasskey,
    ListPasskeys,
    LogInWithPasskey,
    RemovePasskey,
    TooManyPasskeys,
)
from engine.passkeys import LONGEST_LABEL, MOST_PASSKEYS, Passkey, credential_id_of
from gateway import security_log
from gateway.api.bodies import Body, JsonObject, Strict
from gateway.api.customer.bodies import (
    CartKey,
    SessionMadeView,
    bad_credentials,
    charge_login,
    let_in,
    read_profile,
    signed_in,
)
from gateway.api.passkeys import PasskeyList, passkey_views
from gateway.context import Http, Injected, client_address
from gateway.customers import CurrentCustomer, check_fresh
from gateway.problems import Problem, not_found

_ADD, _USE = "add a customer's passkey", "sign a customer in"


class PasskeyBody(Body, frozen=True, kw_only=True):
    """The answer of `navigator.credentials.create`, and a name for it."""

    answer: JsonObject
    label: Annotated[str, msgspec.Meta(max_length=LONGEST_LABEL)] = ""


class PasskeyLoginBody(Body, frozen=True, kw_only=True):
    """The answer of `navigator.credentials.get`. `cart_id` is the cart to be merged with the customer's."""

    answer: JsonObject
    cart_id: CartKey | None = None


@get("/passkeys", summary="List the own passkeys")
async def list_passkeys(context: Injected, customer: CurrentCustomer) -> PasskeyList:
    """List the passkeys of the customer."""
    known = await context.bus.ask(ListPasskeys(customer_id=customer.id))
    return PasskeyList(items=passkey_views(known.passkeys))


@post(
    "/passkeys/options",
    status_code=200,
    summary="Begin to add a passkey",
    refuses=["fresh_login_required"],
)
async def passkey_options(context: Injected, customer: CurrentCustomer) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create`. They are good for five minutes, once."""
    check_fresh(customer, context)
    profile = await read_profile(context, customer.id)
    known = await context.bus.ask(ListPasskeys(customer_id=customer.id))
    return await context.passkeys.options_to_add(
        _ADD,
        customer.id,
        user=customer.id.encode(),
        name=profile.email,
        known=[bytes.fromhex(each.id) for each in known.passkeys],
    )


@post(
    "/passkeys",
    dto=Strict[PasskeyBody],
    return_dto=None,
    summary="Add a passkey",
    refuses=["bad_passkey", "too_many_passkeys", "fresh_login_required"],
)
async def add_passkey(
    context: Injected, request: Http, customer: CurrentCustomer, data: JSONBody[PasskeyBody]
) -> PasskeyList:
    """Add the passkey that an authenticator has made. There may be 10."""
    check_fresh(customer, context)
    made = await context.passkeys.added(_ADD, customer.id, _read(data.answer))
    if made is None:
        raise _bad_passkey()
    ask = AddPasskey(
        customer_id=customer.id,
        id=made.credential_id.hex(),
        public_key=made.public_key,
        sign_count=made.sign_count,
        is_backed_up=made.is_backed_up,
        site_id=made.site_id,
        label=data.label,
    )
    added = await context.bus.ask(ask)
    if isinstance(added, NoSuchCustomer):
        raise not_found("account")
    if isinstance(added, TooManyPasskeys):
        raise Problem(409, "too_many_passkeys", f"There may be {MOST_PASSKEYS}, each once.")
    security_log.note("passkey added", about=customer.id, address=client_address(request))
    return PasskeyList(items=passkey_views(added.passkeys))


@delete("/passkeys/{passkey_id:str}", status_code=200, summary="Remove a passkey", refuses=["fresh_login_required"])
async def remove_passkey(context: Injected, customer: CurrentCustomer, passkey_id: FromPath[str]) -> PasskeyList:
    """Remove a passkey. One that is not there is removed already."""
    check_fresh(customer, context)
    kept = await context.bus.ask(RemovePasskey(customer_id=customer.id, id=passkey_id))
    return PasskeyList(items=passkey_views(kept.passkeys))


@post(
    "/sessions/passkey/options",
    status_code=200,
    summary="Begin to sign in with a passkey",
)
async def passkey_login_options(context: Injected, request: Http) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`. They are good for five minutes, once."""
    charge_login(context, request)
    return await context.passkeys.options_to_use(_USE)


@post(
    "/sessions/passkey",
    dto=Strict[PasskeyLoginBody],
    return_dto=None,
    summary="Sign in with a passkey",
    refuses=["bad_credentials", "bad_passkey"],
)
async def log_in_with_passkey(
    context: Injected, request: Http, data: JSONBody[PasskeyLoginBody], token: FromQuery[bool] = False
) -> Response[SessionMadeView]:
    """Begin a session of 24 hours with a passkey."""
    charge_login(context, request)
    shown = _read(data.answer)
    credential_id = credential_id_of(shown) or b""
    known = (await context.bus.ask(ListPasskeys(id=credential_id.hex()))).passkeys if credential_id else ()
    kept = known[0] if known else None
    passkey = (
        Passkey(credential_id, kept.public_key, kept.sign_count, kept.is_backed_up, kept.site_id) if kept else None
    )
    used = await context.passkeys.used(_USE, "", shown, passkey)
    if used is None or kept is None:
        raise bad_credentials()
    ask = LogInWithPasskey(id=kept.id, sign_count=used.sign_count, is_backed_up=used.is_backed_up)
    entered = let_in(await context.bus.ask(ask))
    return await signed_in(context, request, entered, method="passkey", as_token=token, cart_id=data.cart_id or "")


def _read(answer: JsonObject) -> dict[str, Any]:
    """Read an authenticator's answer.

    Raises:
        Problem: It is none.
    """
    try:
        return msgspec.json.decode(answer, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad_passkey() from error


def _bad_passkey() -> Problem:
    return Problem(422, "bad_passkey", "This passkey does not fit. Please try again.")


PUBLIC = [passkey_login_options, log_in_with_passkey]
OWN = [list_passkeys, passkey_options, add_passkey, remove_passkey]
