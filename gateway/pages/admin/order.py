"""An order: the next thing to do, its goods, money and buyer, notes, mails, and all that happened to it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath

from bus.messages import words
from bus.messages.base import Money
from bus.messages.order_desk import CORRECTABLE
from gateway.api.approvals import Approvals, ApprovalView
from gateway.api.order import OrderView
from gateway.api.order_flow import FlowView
from gateway.api.order_mails import MailList, MailTextView
from gateway.api.order_notes import NoteList
from gateway.api.staff import StaffList
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, me_of, names_of, read_if_allowed, screen
from gateway.pages.forms import new_key
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.storefront.life import CANCELLABLE, was_paid
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

REASONS: Final = ("requested_by_customer", "duplicate", "fraudulent", "not_deliverable")
_MAIL_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


class NextStep(NamedTuple):
    """The one thing to do next with an order, and the key that it takes."""

    step: str
    key: str


NEXT: Final[Mapping[str, NextStep]] = {
    "pending_payment": NextStep("look", "write_payments"),
    "payment_processing": NextStep("look", "write_payments"),
    "paid": NextStep("pick", "write_parcels"),
    "picking": NextStep("pack", "write_parcels"),
    "packed": NextStep("ship", "write_parcels"),
}


@get("/admin/orders/{order_id:str}", include_in_schema=False)
async def order(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Show an order. `amount` and `reason` in the address fill the form of a refund: a sign-in leads back so."""
    typed = {name: str(request.query_params.get(name, ""))[:100] for name in ("amount", "reason", "refunding")}
    return await order_screen(request, order_id, typed=typed)


async def order_screen(
    request: Http, order_id: str, *, typed: Mapping[str, str] | None = None, refused: Refused | Problem | None = None
) -> Response[bytes]:
    """Render an order's screen.

    Args:
        request: Whose screen it is.
        order_id: The order's id.
        typed: What was typed into its forms, by field.
        refused: Why a form was not taken.

    Raises:
        Refused: There is no such order, or it is not theirs to see.
    """
    me = await me_of(request)
    if "read_orders" not in me.keys:
        raise Problem(403, "forbidden", "This takes the key read_orders.")
    path = f"/admin/api/orders/{quote(order_id, safe='')}"
    shown = (await ask(request, "GET", f"/orders/{quote(order_id, safe='')}")).read(OrderView)
    notes, mails, flow, approvals, people = await asyncio.gather(
        read_if_allowed(request, f"{path}/notes", NoteList),
        read_if_allowed(request, f"{path}/mails", MailList),
        read_if_allowed(request, f"{path}/flow", FlowView),
        read_if_allowed(request, "/admin/api/approvals", Approvals, "limit=100"),
        read_if_allowed(request, "/admin/api/staff", StaffList),
    )
    next_step = NEXT.get(shown.status)
    return await screen(
        request,
        "order.html",
        status=refused.status if refused else 200,
        problem=_sentence(request, refused) if refused else "",
        wrong=_field(refused),
        order=shown,
        next_step=next_step if next_step and next_step.key in me.keys else None,
        in_doubt=isinstance(refused, Refused) and refused.code == "money_in_doubt",
        refundable=refundable(shown),
        can_correct=shown.status in CORRECTABLE,
        can_cancel=shown.status in CANCELLABLE,
        reasons=REASONS,
        waiting=_waiting(approvals, order_id),
        notes=notes,
        mails=mails,
        flow=flow,
        names={me.id: me.name or me.email, **names_of(people)},
        typed=typed or {},
        word_of=words.event,
        key=new_key(),
    )


@get("/admin/orders/{order_id:str}/mails/{mail_id:str}", include_in_schema=False)
async def mail(request: Http, order_id: FromPath[str], mail_id: FromPath[str]) -> Response[bytes]:
    """Show a mail as it was sent, in a frame of its own."""
    await me_of(request)
    written = await _mail(request, order_id, mail_id)
    return await screen(request, "order_mail.html", mail=written, order_id=order_id, key=new_key())


@get("/admin/orders/{order_id:str}/mails/{mail_id:str}/body", include_in_schema=False)
async def mail_body(request: Http, order_id: FromPath[str], mail_id: FromPath[str]) -> Response[bytes]:
    """Serve a mail's markup, which may run nothing, load nothing and reach nothing: it is shown, like a picture."""
    written = await _mail(request, order_id, mail_id)
    headers = {"Content-Security-Policy": _MAIL_POLICY, "Cache-Control": "no-store"}
    return Response(written.html.encode(), media_type="text/html; charset=utf-8", headers=headers)


async def _mail(request: Http, order_id: str, mail_id: str) -> MailTextView:
    path = f"/admin/api/orders/{quote(order_id, safe='')}/mails/{quote(mail_id, safe='')}"
    return (await ask(request, "GET", path)).read(MailTextView)


def _sentence(request: Http, refused: Refused | Problem) -> str:
    language = language_asked(request)
    if isinstance(refused, Refused):
        if refused.status == 422 and refused.document.detail:
            return language.say(refused.document.detail)
        return sentence_of(language, refused)
    return language.say(words.problem(refused.code))


def _field(refused: Refused | Problem | None) -> str:
    """Return the name of the field that was wrong, "" if none was."""
    if isinstance(refused, Problem):
        return str(refused.members.get("field", ""))
    return refused.field if refused else ""


def refundable(shown: OrderView) -> Money | None:
    """Return what could go back to the buyer; None if nothing was paid or all went back."""
    left = shown.total.amount - shown.refunded.amount
    return Money(amount=left, currency=shown.total.currency) if was_paid(shown) and left > 0 else None


def _waiting(approvals: Approvals | None, order_id: str) -> Sequence[ApprovalView]:
    items = approvals.items if approvals else []
    return [each for each in items if each.order_id == order_id and each.state == "waiting"]


PART: Final = PortalPart(screens=(), routes=(order, mail, mail_body))
