"""A customer's own data, what they agree to, and the end of the account."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import JSONBody

from bus.messages.base import Instant
from bus.messages.customer import CloseAccount, NoSuchCustomer, NotSignedIn
from bus.messages.customer_own import ChangeProfile, Consent, ConsentPurpose, Consents, GiveConsent, ListConsents
from gateway import security_log
from gateway.api.bodies import Body, Strict, View
from gateway.api.customer.bodies import (
    CustomerView,
    Name,
    Password,
    Phone,
    answer,
    bad_credentials,
    customer_view,
    read_profile,
)
from gateway.api.customer.credentials import proven_again
from gateway.api.lists import WholeListView
from gateway.buyers import read_name, read_phone
from gateway.context import Http, Injected, client_address
from gateway.customers import CurrentCustomer, session_cookie
from gateway.problems import not_found


class ProfileBody(Body, frozen=True, kw_only=True):
    """Changes; the rest stays."""

    name: Name | None = None
    phone: Phone | None = None
    locale: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class ClosingBody(Body, frozen=True, kw_only=True):
    """The password, of whoever has one."""

    password: Password | None = None


class ConsentBody(Body, frozen=True, kw_only=True):
    """A customer's word about a purpose, and the version of the text that they have read."""

    purpose: ConsentPurpose
    given: bool
    text_version: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class ConsentView(View, frozen=True, kw_only=True):
    """A customer's word about a purpose. The newest one counts."""

    purpose: ConsentPurpose
    given: bool
    text_version: str
    at: Instant


class ConsentList(WholeListView[ConsentView], frozen=True, kw_only=True):
    """Consents and withdrawals, the newest first."""


@get("/", summary="Read the own account")
async def read_me(context: Injected, customer: CurrentCustomer) -> CustomerView:
    """Read the data of the customer who is signed in."""
    return customer_view(await read_profile(context, customer.id))


@patch("/", dto=Strict[ProfileBody], return_dto=None, summary="Change the own data")
async def change_me(context: Injected, customer: CurrentCustomer, data: JSONBody[ProfileBody]) -> CustomerView:
    """Change name, phone or language. An empty phone removes it."""
    ask = ChangeProfile(
        customer_id=customer.id,
        name=None if data.name is None else read_name(data.name),
        phone=None if data.phone is None else read_phone(data.phone),
        locale=data.locale,
    )
    changed = await context.bus.ask(ask)
    if isinstance(changed, NoSuchCustomer):
        raise not_found("account")
    return customer_view(changed)


@delete(
    "/",
    status_code=200,
    dto=Strict[ClosingBody],
    return_dto=None,
    summary="Close the own account",
    refuses=["bad_credentials", "fresh_login_required"],
)
async def close_me(
    context: Injected, request: Http, customer: CurrentCustomer, data: JSONBody[ClosingBody]
) -> Response[CustomerView]:
    """Close the account in 30 days. All sessions end. Signing in before keeps it."""
    present = await proven_again(context, request, customer, data.password)
    closing = await context.bus.ask(CloseAccount(customer_id=customer.id, present=present))
    if isinstance(closing, NotSignedIn):
        raise bad_credentials()
    context.updates.publish_ended_sessions(await context.customers.end_all(customer.id))
    security_log.note("account closing", about=customer.id, address=client_address(request))
    return answer(customer_view(closing), [session_cookie(context, "")])


@get("/consents", summary="List the own consents")
async def list_consents(context: Injected, customer: CurrentCustomer) -> ConsentList:
    """List what the customer has agreed to, and withdrawn."""
    return _views(await context.bus.ask(ListConsents(customer_id=customer.id)))


@post("/consents", dto=Strict[ConsentBody], return_dto=None, summary="Agree, or withdraw")
async def give_consent(context: Injected, customer: CurrentCustomer, data: JSONBody[ConsentBody]) -> ConsentList:
    """Agree to a purpose, or withdraw. What was said before stays listed."""
    ask = GiveConsent(
        customer_id=customer.id,
        purpose=data.purpose,
        is_given=data.given,
        text_version=data.text_version,
        source="account",
    )
    given = await context.bus.ask(ask)
    if isinstance(given, NoSuchCustomer):
        raise not_found("account")
    return _views(given)


def consent_view(each: Consent) -> ConsentView:
    """Show a consent, or its withdrawal."""
    return ConsentView(purpose=each.purpose, given=each.is_given, text_version=each.text_version, at=each.at)


def _views(consents: Consents) -> ConsentList:
    return ConsentList(items=[consent_view(each) for each in consents.consents])


OWN = [read_me, change_me, close_me, list_consents, give_consent]
