"""Customers: signing up and in, and what is theirs, under /me."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from gateway import openapi
from gateway.api.customer import (
    account,
    addresses,
    credentials,
    orders,
    passkeys,
    personal,
    sessions,
    signing_in,
)
from gateway.customers import customer_only
from gateway.same_site import own_pages_only

PUBLIC: list[ControllerRouterHandler] = [
    Router(
        "/",
        guards=[own_pages_only],
        route_handlers=[*signing_in.PUBLIC, *credentials.PUBLIC, *passkeys.PUBLIC],
    ),
    *orders.PUBLIC,
    Router(
        "/me",
        guards=[customer_only],
        tags=["customer"],
        security=[openapi.CUSTOMER],
        route_handlers=[
            *account.OWN,
            *sessions.OWN,
            *credentials.OWN,
            *addresses.OWN,
            *orders.OWN,
            *passkeys.OWN,
            *personal.OWN,
        ],
    ),
]
