"""Refunds, and the state of payments at Stripe."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from bus.messages.base import Money
from bus.messages.currencies import step
from bus.messages.payment import LookAtStripe, ReadRefundable, Refund, RefundOrder, RefundReason, RefundRefused
from bus.messages.staff_acts import AskApproval
from gateway.access import Member, Staff
from gateway.api.bodies import LARGEST, Body, MoneyBody, Strict, View
from gateway.api.order import OrderView, read_order
from gateway.context import GatewayContext, Injected
from gateway.idempotency import RequiredClaim
from gateway.problems import Problem


class RefundBody(Body, frozen=True, kw_only=True):
    """The amount to refund: minor units of the order's currency, or all that is left.

    With `left`, as `GET refundable` has it, only if nobody has refunded anything since.
    """

    amount: Annotated[int, msgspec.Meta(gt=0, le=LARGEST)] | MoneyBody | None = None
    reason: RefundReason = "requested_by_customer"
    left: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None = None


class RefundView(View, frozen=True, kw_only=True):
    """A refund, with its status."""

    id: str
    order_id: str
    amount: Money
    reason: RefundReason
    status: str
    by: str  # Who of the staff asked for it: the label and id of a token, or the id of a person.
    approval: str | None = None  # It waits for a second person to approve this.


class RefundableView(View, frozen=True, kw_only=True):
    """The rest of an order's payment, refunds that are on their way counted as gone; null if nothing was paid."""

    left: Money | None


class Looking(View, frozen=True, kw_only=True):
    """Confirmation that Stripe is polled."""

    looking: bool


@get("/orders/{order_id:str}/refundable", summary="Read what is left to refund", refuses=["not_found"])
async def read_refundable(context: Injected, order_id: FromPath[str]) -> RefundableView:
    """Read how much of an order's money could still go back."""
    await read_order(context, order_id)
    left = (await context.bus.ask(ReadRefundable(order_id=order_id))).left
    return RefundableView(left=left if left.currency else None)


@post(
    "/orders/{order_id:str}/refunds",
    dto=Strict[RefundBody],
    return_dto=None,
    summary="Refund an order",
    refuses=["not_found", "not_refundable", "changed_meanwhile"],
)
async def refund(
    context: Injected, staff: Member, claim: RequiredClaim, order_id: FromPath[str], data: JSONBody[RefundBody]
) -> Response[RefundView]:
    """Refund an order, in part or in full. Needs an `Idempotency-Key`. It is answered once the refund is on its way.

    If it is more than one person may refund of an order, the answer is 202: it waits until a second one approves it.
    """
    refund_id = f"ref_{claim.token}"
    order = await read_order(context, order_id)
    if waiting := await _waiting(context, staff, refund_id, order, data):
        return Response(waiting, status_code=202)
    answer = await context.bus.ask(
        RefundOrder(
            order_id=order_id,
            refund_id=refund_id,
            amount=_minor_units(data, order),
            reason=data.reason,
            by=str(staff),
            left=data.left,
        )
    )
    if isinstance(answer, RefundRefused) and answer.is_late:
        raise Problem(412, "changed_meanwhile", "Somebody has refunded something since.")
    if not isinstance(answer, Refund):
        refundable = {"amount": answer.refundable.amount, "currency": order.total.currency}
        raise Problem(409, "not_refundable", "Less than this amount is left to refund.", refundable=refundable)
    view = RefundView(
        id=answer.id,
        order_id=answer.order_id,
        amount=answer.amount,
        reason=answer.reason,
        status=answer.status,
        by=answer.by,
    )
    return Response(view, status_code=201)


@post(
    "/orders/{order_id:str}/look-at-stripe",
    status_code=200,
    summary="Reconcile an order with Stripe",
    refuses=["settled"],
)
async def look_at_stripe(context: Injected, order_id: FromPath[str]) -> Looking:
    """Poll Stripe soon for the state of an order's payment and refunds."""
    if not await context.bus.ask(LookAtStripe(order_id=order_id)):
        raise Problem(409, "settled", "Stripe's state of this order is final.")
    return Looking(looking=True)


async def _waiting(
    context: GatewayContext, staff: Staff, refund_id: str, order: OrderView, data: RefundBody
) -> RefundView | None:
    """Ask whether this refund may be made without a second person; None if so."""
    amount = _minor_units(data, order)
    worth = order.total.amount if amount is None else amount
    ask = AskApproval(
        id=refund_id.replace("ref_", "apr_", 1),
        order_id=order.id,
        refund_id=refund_id,
        amount=amount,
        worth=worth,
        limit=context.staff_gate.settings.shopflow_refund_limit,
        reason=data.reason,
        by=staff.doer,
    )
    approval = (await context.bus.ask(ask)).approval
    if approval.state in ("within", "approved"):
        return None
    return RefundView(
        id=refund_id,
        order_id=order.id,
        amount=Money(amount=worth, currency=order.total.currency),
        reason=data.reason,
        status=approval.state,
        by=approval.by,
        approval=approval.id,
    )


def _minor_units(data: RefundBody, order: OrderView) -> int | None:
    amount, currency = data.amount, order.total.currency
    if isinstance(amount, MoneyBody):
        if amount.currency != currency or amount.amount <= 0:
            raise Problem(422, "invalid", f"amount: must be more than nothing, in {currency}")
        amount = amount.amount
    if amount is not None and amount % step(currency):
        least = Money(amount=step(currency), currency=currency)
        raise Problem(422, "invalid", f"amount: must be a multiple of {least}; cards take nothing finer")
    return amount


STAFF = [read_refundable, refund, look_at_stripe]
