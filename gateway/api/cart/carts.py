"""Carts and checkout."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from bus.messages.base import Address, Instant, Money, Quantity, line_id
from bus.messages.cart import (
    Cart,
    CartEmpty,
    ChangeLine,
    CheckedOut,
    Checkout,
    CheckoutBlocked,
    CreateCart,
    GetCart,
    InputRefused,
    NoSuchCart,
    PaymentRefused,
    PriceChanged,
    RemoveLine,
    SetLine,
)
from bus.messages.customer_own import AttachOrder
from bus.messages.inputs import LONGEST_INPUT, MOST_INPUTS, InputValue
from bus.messages.inventory import OutOfStock, StockRefused, UnknownSku
from engine.patterns import whole
from gateway.api.bodies import LARGEST, Body, MoneyBody, Strict, View
from gateway.api.order import OrderView, read_order
from gateway.api.parts import PartView, part_views
from gateway.buyers import Buyer, read_buyer
from gateway.context import GatewayContext, Http, Injected, client_address, index_of
from gateway.customers import customer_of
from gateway.idempotency import RequiredClaim, claim_of
from gateway.problems import Problem, not_found

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Method = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class LineInputView(View, frozen=True, kw_only=True):
    """A buyer's words about a line, or a choice."""

    key: str
    title: str
    value: str


class CartLineView(View, frozen=True, kw_only=True):
    """A line of a cart. `held` of its units are reserved for this cart, until `held_until`.

    `id` stands in the line's address: it is the SKU, unless the line has inputs. `unit_price` is the current price. If
    it was another one when the line was set, `changed` is true.
    """

    id: str
    sku: str
    title: str
    quantity: int
    unit_price: Money
    unit_price_before: Money | None
    changed: bool
    for_sale: bool
    held: int
    held_until: Instant
    parts: Sequence[PartView]  # Of a bundle.
    inputs: Sequence[LineInputView]  # Their surcharges are in the price.


class CartView(View, frozen=True, kw_only=True):
    """A cart. Its id gives access to it. `subtotal` counts the lines that are for sale."""

    id: str
    lines: Sequence[CartLineView]
    subtotal: Money
    currency: str


InputKey = Annotated[str, msgspec.Meta(max_length=40)]
InputText = Annotated[str, msgspec.Meta(max_length=LONGEST_INPUT)]


class LineBody(Body, frozen=True, kw_only=True):
    """The quantity wanted in all, or the units to add to those in the cart; less than 0 takes units out.

    `inputs` are those of the product, by key. With other inputs a SKU is another line.
    """

    quantity: Quantity | None = None
    add: Annotated[int, msgspec.Meta(ge=-99, le=99)] | None = None
    inputs: Annotated[dict[InputKey, InputText], msgspec.Meta(max_length=MOST_INPUTS)] = msgspec.field(
        default_factory=dict
    )


class AddressBody(Body, frozen=True, kw_only=True):
    """The address that the parcel is sent to."""

    line1: Text
    line2: Annotated[str, msgspec.Meta(max_length=200)] = ""
    city: Text
    region: Annotated[str, msgspec.Meta(max_length=200)] = ""  # Needed where the country's addresses have one.
    postal_code: Annotated[str, msgspec.Meta(max_length=20)] = ""  # Likewise.
    country: Annotated[str, whole("[A-Z]{2}")]  # ISO 3166-1 alpha-2


class CheckoutBody(Body, frozen=True, kw_only=True):
    """The buyer, and the address that the parcel is sent to."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
    name: Text
    address: AddressBody
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    shipping_method: Method
    expected_total: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | MoneyBody | None = (
        None  # As the buyer was shown it.
    )


class PaymentView(View, frozen=True, kw_only=True):
    """The data that a buyer's browser needs to pay, as Stripe.js does."""

    intent: str
    client_secret: str
    publishable_key: str
    amount: Money


class CheckoutView(View, frozen=True, kw_only=True):
    """The order, the token that opens it, and its payment: null if there is nothing to pay."""

    order: OrderView
    access_token: str
    payment: PaymentView | None


@post("/carts", summary="Create a cart")
async def create_cart(context: Injected) -> CartView:
    """Create an empty cart."""
    return cart_view(await context.bus.ask(CreateCart()), context.clock.now())


@get("/carts/{cart_id:str}", summary="Read a cart", refuses=["not_found"])
async def get_cart(context: Injected, cart_id: FromPath[str]) -> CartView:
    """Read a cart. It is kept for 30 days after its last use."""
    return _view_of(await context.bus.ask(GetCart(cart_id=cart_id)), context)


@put(
    "/carts/{cart_id:str}/lines/{sku:str}",
    dto=Strict[LineBody],
    return_dto=None,
    summary="Set a line of a cart",
    refuses=["not_found", "unknown_sku", "out_of_stock"],
)
async def set_line(
    context: Injected, request: Http, cart_id: FromPath[str], sku: FromPath[str], data: JSONBody[LineBody]
) -> CartView:
    """Set the quantity of a SKU in a cart, or add to it. The units are held from now on, as long as the shop says.

    `{"quantity": 3}` may be sent twice; `{"add": 1}` needs an `Idempotency-Key` for that.
    """
    if (data.quantity is None) == (not data.add):
        raise Problem(422, "invalid", "Give either a quantity, or the units to add.", field="quantity")
    held, address, claim = context.guard.held, client_address(request), claim_of(request)
    told = tuple(InputValue(key=key, value=value) for key, value in data.inputs.items())
    line = line_id(sku, data.inputs)
    ask: SetLine | ChangeLine
    if data.quantity is not None:
        units = data.quantity
        ask = SetLine(cart_id=cart_id, sku=sku, quantity=units, inputs=told)
    else:
        units = held.units(address, cart_id, line) + (data.add or 0)
        change_id = claim.token if claim else ""
        ask = ChangeLine(cart_id=cart_id, sku=sku, by=data.add or 0, change_id=change_id, inputs=told)
    with held.holding(address, cart_id, line, units) as count:
        answer = await context.bus.ask(msgspec.structs.replace(ask, elsewhere=held.elsewhere(address, cart_id, line)))
        count(answer)
    return _view_of(answer, context)


@delete(
    "/carts/{cart_id:str}/lines/{sku:str}", status_code=200, summary="Remove a line of a cart", refuses=["not_found"]
)
async def remove_line(context: Injected, request: Http, cart_id: FromPath[str], sku: FromPath[str]) -> CartView:
    """Remove a line from a cart, by its id. Its units are free again."""
    answer = await context.bus.ask(RemoveLine(cart_id=cart_id, sku=sku))
    context.guard.held.let_go(client_address(request), cart_id, sku)
    return _view_of(answer, context)


@post(
    "/carts/{cart_id:str}/checkout",
    dto=Strict[CheckoutBody],
    return_dto=None,
    summary="Check out a cart",
    refuses=[
        "not_found",
        "out_of_stock",
        "cart_empty",
        "not_sold",
        "no_shipping_method",
        "price_changed",
        "amount_too_large",
        "payment_unavailable",
        "foreign_origin",
        "unsupported_media_type",
    ],
)
async def checkout(
    context: Injected, claim: RequiredClaim, request: Http, cart_id: FromPath[str], data: JSONBody[CheckoutBody]
) -> CheckoutView:
    """Turn a cart into an order with a payment. Needs an `Idempotency-Key`. A customer's order is in their account.

    With `expected_total` the checkout is refused, and nothing happens, if the total differs.
    """
    buyer = read_buyer(Buyer(data.email, data.name, data.phone, typed_address(data.address)))
    customer = await customer_of(request)
    ask = Checkout(
        cart_id=cart_id,
        order_id=f"ord_{claim.token}",
        email=buyer.email,
        name=buyer.name,
        address=buyer.address,
        phone=buyer.phone,
        shipping_method=data.shipping_method,
        expected_total=_money(data.expected_total, context),
        began_at=claim.began_at,
        is_first=claim.is_first,
    )
    mailbox = index_of(context, buyer.email)
    with context.guard.unpaid.placing(ask.order_id, client_address(request), mailbox) as count:
        answer = await context.bus.ask(ask, timeout_s=60)
        count(answer)
    match answer:
        case CheckedOut():
            request.scope["state"]["made_order"] = answer.order_id  # Kept with the answer: audits check that it exists.
            if customer is not None:  # If the process dies here, the next try attaches it, or its buyer claims it.
                await context.bus.ask(AttachOrder(customer_id=customer.id, order_id=answer.order_id))
            return await _checked_out(context, answer)
        case OutOfStock():
            short = [{"sku": line.sku, "available": line.available} for line in answer.short]
            raise Problem(409, "out_of_stock", "Not everything is left.", short=short)
        case CartEmpty():
            raise Problem(409, "cart_empty", "There is nothing in this cart.")
        case CheckoutBlocked():
            raise _blocked(answer)
        case PriceChanged():
            detail = f"It was {answer.expected}, and is {answer.total} now. Nothing was ordered."
            raise Problem(409, "price_changed", detail, expected=answer.expected, total=answer.total)
        case PaymentRefused():
            detail = "No payment can be taken for this now. Nothing was ordered, and nothing is charged."
            raise Problem(502, "payment_unavailable", detail)
        case NoSuchCart():
            raise not_found("cart")


def payment_view(context: GatewayContext, intent_id: str, client_secret: str, amount: Money) -> PaymentView:
    """Show a payment to whoever may pay it."""
    return PaymentView(
        intent=intent_id,
        client_secret=client_secret,
        publishable_key=context.stripe_publishable_key,
        amount=amount,
    )


def typed_address(body: AddressBody) -> Address:
    """Take an address as it was typed."""
    return msgspec.convert(msgspec.to_builtins(body), Address)


def _money(amount: int | MoneyBody | None, context: GatewayContext) -> Money | None:
    if amount is None:
        return None
    if isinstance(amount, MoneyBody):
        return Money(amount=amount.amount, currency=amount.currency)
    return Money(amount=amount, currency=context.currency)


def _blocked(answer: CheckoutBlocked) -> Problem:
    first = answer.blocks[0]
    if first.code == "unknown_shipping_method":
        return Problem(422, "invalid", first.detail, field="shipping_method")
    return Problem(422 if first.code == "amount_too_large" else 409, first.code, first.detail)


async def _checked_out(context: GatewayContext, answer: CheckedOut) -> CheckoutView:
    has_payment = bool(answer.intent_id)
    payment = payment_view(context, answer.intent_id, answer.client_secret, answer.amount) if has_payment else None
    return CheckoutView(
        order=await read_order(context, answer.order_id),
        access_token=context.keys.order_token(answer.order_id),
        payment=payment,
    )


def _view_of(answer: Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused, context: GatewayContext) -> CartView:
    match answer:
        case Cart():
            return cart_view(answer, context.clock.now())
        case NoSuchCart():
            raise not_found("cart")
        case UnknownSku():
            raise Problem(404, "unknown_sku", f"There is no {answer.sku}.")
        case InputRefused():
            raise Problem(422, "invalid", answer.detail, field=f"inputs.{answer.key}")
        case StockRefused():
            most = answer.available
            detail = f"At most {most} for one buyer." if answer.is_share else f"Only {most} left."
            raise Problem(409, "out_of_stock", detail, sku=answer.sku, available=answer.available)


def cart_view(cart: Cart, now: datetime) -> CartView:
    """Show a cart to its buyer, as of now."""
    lines = [
        CartLineView(
            id=line.id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            unit_price_before=line.price_before,
            changed=line.price_before is not None,
            for_sale=line.is_for_sale,
            held=line.quantity if line.held_until > now else 0,
            held_until=line.held_until,
            parts=part_views(line.parts),
            inputs=[LineInputView(key=each.key, title=each.title, value=each.value) for each in line.inputs],
        )
        for line in cart.lines
    ]
    subtotal = sum(line.quantity * line.unit_price.amount for line in cart.lines if line.is_for_sale)
    return CartView(
        id=cart.id, lines=lines, subtotal=Money(amount=subtotal, currency=cart.currency), currency=cart.currency
    )
