"""Forms of an order: its next step, refunds, corrections, notes, and mails that go out again.

Each form is answered by the order's screen: by leading to it, or, refused, with what was typed and why.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, post
from litestar.params import FromPath

from gateway.api.order import OrderView
from gateway.context import Http
from gateway.pages.admin.order import order_screen
from gateway.pages.admin.screens import PortalPart
from gateway.pages.forms import Form, fresh_sign_in_address, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.typed import minor_units
from gateway.problems import Problem

_STEPS: Final = ("open", "pick", "pack", "ship")


@post("/admin/orders/{order_id:str}/step", include_in_schema=False, guards=[own_forms_only])
async def take_step(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Take the order's next step: of its payment, or in the warehouse."""
    form = await read_form(request)
    step = form.get("step")

    async def do() -> None:
        if step == "look":
            await ask(request, "POST", f"{_path(order_id)}/look-at-stripe", key=form.get("key"))
        elif step in _STEPS:
            query = "despite_doubt=true" if form.get("despite_doubt") else ""
            path = f"/admin/api/pick-lists/{quote(order_id, safe='')}/{step}"
            await ask(request, "POST", path, query=query, key=form.get("key"))

    return await _answered(request, order_id, do, form)


@post("/admin/orders/{order_id:str}/refund", include_in_schema=False, guards=[own_forms_only])
async def refund(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Refund an order, in part or, with an empty amount, all that is left. It takes a fresh sign-in."""
    form = await read_form(request)

    async def do() -> None:
        shown = (await ask(request, "GET", f"/orders/{quote(order_id, safe='')}")).read(OrderView)
        amount = refunded(form.get("amount"), shown.total.currency)
        body = {"reason": form.get("reason"), **({} if amount is None else {"amount": amount})}
        await ask(request, "POST", f"{_path(order_id)}/refunds", body=body, key=form.get("key"))

    return await _answered(request, order_id, do, form, keeps=("amount", "reason", "refunding"))


def refunded(typed: str, currency: str) -> int | None:
    """Read how much is to be refunded, in minor units; None, for all that is left, if nothing was typed.

    Raises:
        Problem: It is no amount of this currency, or nothing.
    """
    if not typed:
        return None
    amount = minor_units(typed, currency, "amount")
    if not amount:
        raise Problem(422, "invalid", "amount: must be more than nothing", field="amount")
    return amount


@post("/admin/orders/{order_id:str}/buyer", include_in_schema=False, guards=[own_forms_only])
async def correct_buyer(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Correct the buyer's details and the address, before the order is packed."""
    form = await read_form(request)

    async def do() -> None:
        address = {name: form.get(name) for name in ("line1", "line2", "city", "region", "postal_code", "country")}
        body = {"email": form.get("email"), "name": form.get("name"), "phone": form.get("phone"), "address": address}
        await ask(request, "PATCH", _path(order_id), body=body, key=form.get("key"))

    return await _answered(request, order_id, do, form)


@post("/admin/orders/{order_id:str}/notes", include_in_schema=False, guards=[own_forms_only])
async def add_note(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Note something about the order, for colleagues."""
    form = await read_form(request)

    async def do() -> None:
        await ask(request, "POST", f"{_path(order_id)}/notes", body={"text": form.get("text")}, key=form.get("key"))

    return await _answered(request, order_id, do, form)


@post("/admin/orders/{order_id:str}/notes/{note_id:str}/delete", include_in_schema=False, guards=[own_forms_only])
async def delete_note(request: Http, order_id: FromPath[str], note_id: FromPath[str]) -> Response[bytes]:
    """Delete a note of one's own."""

    async def do() -> None:
        await ask(request, "DELETE", f"{_path(order_id)}/notes/{quote(note_id, safe='')}")

    return await _answered(request, order_id, do, await read_form(request))


@post("/admin/orders/{order_id:str}/mails/{mail_id:str}/resend", include_in_schema=False, guards=[own_forms_only])
async def resend_mail(request: Http, order_id: FromPath[str], mail_id: FromPath[str]) -> Response[bytes]:
    """Send a mail about the order again."""
    form = await read_form(request)

    async def do() -> None:
        path = f"{_path(order_id)}/mails/{quote(mail_id, safe='')}/resend"
        await ask(request, "POST", path, key=form.get("key"))

    return await _answered(request, order_id, do, form)


async def _answered(
    request: Http, order_id: str, do: Callable[[], Awaitable[None]], form: Form, *, keeps: tuple[str, ...] = ()
) -> Response[bytes]:
    """Do something with an order, and lead back to it.

    Args:
        request: The form's.
        order_id: The order's id.
        do: What the form asks for.
        form: The form itself, shown again if it is refused.
        keeps: The fields that come back from a fresh sign-in.
    """
    back = f"/admin/orders/{quote(order_id, safe='')}"
    typed: Mapping[str, str] = {name: form.get(name) for name in form.fields}
    try:
        await do()
    except Refused as refused:
        if refused.code == "fresh_login_required":
            kept = urlencode({name: typed[name] for name in keeps if typed.get(name)})
            return see(fresh_sign_in_address(f"{back}?{kept}" if kept else back))
        if refused.status == 401:
            raise
        return await order_screen(request, order_id, typed=typed, refused=refused)
    except Problem as problem:
        return await order_screen(request, order_id, typed=typed, refused=problem)
    return see(back)


def _path(order_id: str) -> str:
    return f"/admin/api/orders/{quote(order_id, safe='')}"


PART: Final = PortalPart(screens=(), routes=(take_step, refund, correct_buyer, add_note, delete_note, resend_mail))
