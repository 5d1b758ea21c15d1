"""Customers and erasures, for staff. What names a customer is opened for the key `read_customers` alone."""

from collections.abc import Sequence
from typing import Annotated

from litestar import get, post
from litestar.params import FromQuery, PathParameter, QueryParameter

from bus.messages.base import Instant
from bus.messages.customer import NoSuchCustomer
from bus.messages.customer_own import ListAddresses, ListConsents, ListCustomerOrders, ListCustomers
from bus.messages.privacy import EraseCustomer, Erasure, ErasureReason, ListErasures, PersonHeld, Receipt
from gateway import security_log
from gateway.access import Member
from gateway.api.bodies import View
from gateway.api.customer.account import ConsentView, consent_view
from gateway.api.customer.addresses import SavedAddressView, address_view
from gateway.api.customer.bodies import CustomerView, customer_view, read_profile
from gateway.api.lists import Limit, ListView
from gateway.context import Http, Injected, client_address
from gateway.problems import Problem, not_found

_MOST_ORDERS = 100
Id = Annotated[str, PathParameter(max_length=64)]


class CustomerList(ListView[CustomerView], frozen=True, kw_only=True):
    """Customers with an account, the newest first."""


class CustomerDetail(View, frozen=True, kw_only=True):
    """A customer, with what their account holds. `orders` are ids, the latest first, at most 100."""

    customer: CustomerView
    addresses: Sequence[SavedAddressView]
    consents: Sequence[ConsentView]
    orders: Sequence[str]
    sessions: int


class ErasureView(View, frozen=True, kw_only=True):
    """An erasure: under way, or proven by a receipt.

    `subject` is a customer's id, or a guest's order's, and the keyed hash of it once it is proven.
    """

    state: str
    subject: str
    reason: ErasureReason
    begun_at: Instant
    ended_at: Instant | None
    orders_waiting: int
    still_readable: int
    receipt: int | None
    checked: str


class ErasureList(ListView[ErasureView], frozen=True, kw_only=True):
    """Erasures: those under way, then the newest that are proven. `verified`: no receipt was changed or taken out."""

    verified: bool
    broken_at: int | None


class ErasureBegunView(View, frozen=True, kw_only=True):
    """Confirmation that a customer is forgotten. `/admin/api/erasures` has the receipt as soon as all is proven."""

    customer: str


@get("/customers", summary="List customers")
async def list_customers(
    context: Injected,
    q: Annotated[str, QueryParameter(max_length=254)] = "",
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> CustomerList:
    """List customers with an account, the newest first, or find some.

    `q` is a whole e-mail address, or beginnings of address, name or phone, and all its words must be said. They are
    found by keyed hashes: of a beginning, three letters, five, or the whole word.
    """
    found = await context.bus.ask(ListCustomers(q=q, limit=limit, after=cursor[:64]))
    return CustomerList(items=[customer_view(each) for each in found.customers], next=found.next)


@get("/customers/{customer_id:str}", summary="Read a customer", refuses=["not_found"])
async def read_customer(context: Injected, customer_id: Id) -> CustomerDetail:
    """Read a customer, with addresses, consents, orders, and how many sessions are open."""
    profile = await read_profile(context, customer_id)
    addresses = await context.bus.ask(ListAddresses(customer_id=customer_id))
    consents = await context.bus.ask(ListConsents(customer_id=customer_id))
    orders = await context.bus.ask(ListCustomerOrders(customer_id=customer_id, limit=_MOST_ORDERS))
    return CustomerDetail(
        customer=customer_view(profile),
        addresses=[address_view(each) for each in addresses.addresses],
        consents=[consent_view(each) for each in consents.consents],
        orders=orders.orders,
        sessions=len(await context.customers.of(customer_id)),
    )


@post(
    "/customers/{customer_id:str}/erase",
    status_code=202,
    summary="Forget a customer",
    refuses=["not_found", "on_hold"],
)
async def erase_customer(context: Injected, request: Http, staff: Member, customer_id: Id) -> ErasureBegunView:
    """Forget a customer now, as `run.py erase` does. It can't be undone. Orders that have not ended wait until then."""
    answer = await context.bus.ask(EraseCustomer(customer_id=customer_id, reason="asked"))
    if isinstance(answer, NoSuchCustomer):
        raise not_found("customer")
    if isinstance(answer, PersonHeld):
        raise Problem(409, "on_hold", "The customer may not be forgotten yet: see `run.py legal-holds`.")
    context.updates.publish_ended_sessions(await context.customers.end_all(customer_id))
    security_log.note("customer erased by staff", about=customer_id, address=client_address(request), by=staff.id)
    return ErasureBegunView(customer=customer_id)


@get("/erasures", summary="List erasures")
async def list_erasures(context: Injected, limit: Limit = 20) -> ErasureList:
    """List who is being forgotten, how far it is, and the newest proofs; and check the chain of all proofs."""
    found = await context.bus.ask(ListErasures(limit=limit), timeout_s=30)
    items = [*map(_under_way, found.under_way), *map(_proven, found.receipts)]
    return ErasureList(items=items, next=None, verified=found.broken_at is None, broken_at=found.broken_at)


def _under_way(erasure: Erasure) -> ErasureView:
    return ErasureView(
        state="waiting" if erasure.waiting else "under_way",
        subject=erasure.subject,
        reason=erasure.reason,
        begun_at=erasure.begun_at,
        ended_at=None,
        orders_waiting=erasure.waiting,
        still_readable=erasure.readable,
        receipt=None,
        checked="",
    )


def _proven(receipt: Receipt) -> ErasureView:
    return ErasureView(
        state="proven",
        subject=receipt.subject_hash,
        reason=receipt.reason,
        begun_at=receipt.begun_at,
        ended_at=receipt.at,
        orders_waiting=0,
        still_readable=0,
        receipt=receipt.id,
        checked=receipt.checked,
    )


STAFF = [list_customers, read_customer, erase_customer, list_erasures]
