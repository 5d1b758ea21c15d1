"""A customer's addresses."""

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from bus.messages.base import Address, Instant, new_id
from bus.messages.customer import NoSuchCustomer
from bus.messages.customer_own import (
    ListAddresses,
    RemoveAddress,
    SaveAddress,
    SavedAddress,
    SavedAddresses,
    TooManyAddresses,
)
from gateway.api.bodies import Body, Strict, View
from gateway.api.cart.carts import AddressBody, typed_address
from gateway.api.customer.bodies import Name, Phone
from gateway.api.lists import WholeListView
from gateway.buyers import read_address, read_name, read_phone
from gateway.context import GatewayContext, Http, Injected
from gateway.customers import CurrentCustomer
from gateway.idempotency import claim_of
from gateway.problems import Problem, not_found


class SavedAddressBody(Body, frozen=True, kw_only=True):
    """An address, and who gets what is sent there."""

    name: Name
    phone: Phone = ""
    address: AddressBody
    default: bool = False


class SavedAddressView(View, frozen=True, kw_only=True):
    """A saved address. One of them may be the default."""

    id: str
    name: str
    phone: str
    address: Address
    default: bool
    created_at: Instant


class SavedAddressList(WholeListView[SavedAddressView], frozen=True, kw_only=True):
    """Addresses, the default first, then the newest."""


@get("/addresses", summary="List the own addresses")
async def list_addresses(context: Injected, customer: CurrentCustomer) -> SavedAddressList:
    """List the addresses that the customer has saved."""
    return _views(await context.bus.ask(ListAddresses(customer_id=customer.id)))


@post(
    "/addresses",
    dto=Strict[SavedAddressBody],
    return_dto=None,
    summary="Save an address",
    refuses=["too_many_addresses"],
)
async def add_address(
    context: Injected, request: Http, customer: CurrentCustomer, data: JSONBody[SavedAddressBody]
) -> SavedAddressList:
    """Save an address. There may be 20."""
    claim = claim_of(request)
    address_id = f"adr_{claim.token}" if claim else new_id("adr")
    return await _save(context, customer, address_id, data, is_new=True)


@put(
    "/addresses/{address_id:str}",
    dto=Strict[SavedAddressBody],
    return_dto=None,
    summary="Change an address",
    refuses=["not_found"],
)
async def change_address(
    context: Injected, customer: CurrentCustomer, address_id: FromPath[str], data: JSONBody[SavedAddressBody]
) -> SavedAddressList:
    """Replace an address that is saved."""
    return await _save(context, customer, address_id, data, is_new=False)


@delete("/addresses/{address_id:str}", status_code=200, summary="Remove an address", refuses=["not_found"])
async def remove_address(context: Injected, customer: CurrentCustomer, address_id: FromPath[str]) -> SavedAddressList:
    """Remove an address that is saved."""
    left = await context.bus.ask(RemoveAddress(customer_id=customer.id, id=address_id))
    if isinstance(left, NoSuchCustomer):
        raise not_found("address")
    return _views(left)


async def _save(
    context: GatewayContext, customer: CurrentCustomer, address_id: str, data: SavedAddressBody, *, is_new: bool
) -> SavedAddressList:
    saved = await context.bus.ask(
        SaveAddress(
            customer_id=customer.id,
            id=address_id,
            is_new=is_new,
            name=read_name(data.name),
            phone=read_phone(data.phone),
            address=read_address(typed_address(data.address)),
            is_default=data.default,
        )
    )
    if isinstance(saved, NoSuchCustomer):
        raise not_found("address")
    if isinstance(saved, TooManyAddresses):
        raise Problem(409, "too_many_addresses", f"There may be {saved.most} addresses.")
    return _views(saved)


def address_view(saved: SavedAddress) -> SavedAddressView:
    """Show a saved address."""
    return SavedAddressView(
        id=saved.id,
        name=saved.name,
        phone=saved.phone,
        address=saved.address,
        default=saved.is_default,
        created_at=saved.created_at,
    )


def _views(saved: SavedAddresses) -> SavedAddressList:
    return SavedAddressList(items=[address_view(each) for each in saved.addresses])


OWN = [list_addresses, add_address, change_address, remove_address]
