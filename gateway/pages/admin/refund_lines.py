"""Refunds by line: staff choose units, and shipping, see what goes back for them, and then confirm.

The API takes an amount, and keeps that never more goes back than was paid. Which units it was for stands in a note, if
whoever refunds may write one: the money went back all the same.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from bus.messages import words
from bus.messages.base import Money
from bus.messages.order_desk import LONGEST_NOTE
from gateway.api.order import OrderView
from gateway.api.payment import RefundableView
from gateway.context import Http
from gateway.pages.admin.order import REASONS
from gateway.pages.admin.refund_sums import FEES, SHIPPING, RefundChoice, chosen_of, fields_of, parts_of, sum_of
from gateway.pages.admin.screens import PortalPart, me_of, screen
from gateway.pages.forms import Form, fresh_sign_in_address, new_key, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.languages import Language
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

_PATH: Final = "/admin/orders/{order_id:str}/refund-lines"
_MADE: Final = 201  # Else it waits for a second person.
_MOST_FIELDS: Final = 250  # An order has 200 lines at most.


@get(_PATH, include_in_schema=False)
async def choose(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Show the order's lines to choose from, and the sum of the units in the address."""
    shown = await _order(request, order_id)
    form = Form({name: [str(each) for each in request.query_params.getall(name)] for name in request.query_params})
    try:
        return await _screen(request, shown, form, chosen_of(parts_of(shown), form))
    except Problem as problem:
        return await _screen(request, shown, form, problem=problem)


@post(_PATH, include_in_schema=False, guards=[own_forms_only])
async def give_back(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Refund the units that were chosen. It takes a fresh sign-in, from which one comes back to the same choice."""
    form = await read_form(request, most_fields=_MOST_FIELDS)
    shown = await _order(request, order_id)
    chosen = list[RefundChoice]()
    try:
        chosen.extend(chosen_of(parts_of(shown), form))
        is_made = await _refund(request, shown, form, sum_of(chosen, shown.total.currency))
    except Problem as problem:
        return await _screen(request, shown, form, chosen, problem=problem)
    except Refused as refused:
        if refused.code == "fresh_login_required":
            query = urlencode({**fields_of(chosen), "reason": form.get("reason")})
            return see(fresh_sign_in_address(f"{_home(order_id)}/refund-lines?{query}"))
        if refused.status == 401:
            raise
        return await _screen(request, shown, form, chosen, problem=refused)
    if is_made:
        await _note(request, order_id, chosen, form.get("key"))
    return see(_home(order_id))


async def _order(request: Http, order_id: str) -> OrderView:
    me = await me_of(request)
    if "write_payments" not in me.keys:
        raise Problem(403, "forbidden", "This takes the key write_payments.")
    return (await ask(request, "GET", f"/orders/{quote(order_id, safe='')}")).read(OrderView)


async def _refund(request: Http, shown: OrderView, form: Form, money: Money) -> bool:
    """Ask for a refund; of what nobody has refunded since the form was shown. False if it waits for a second person.

    Raises:
        Problem: Nothing was chosen.
        Refused: The API does not take it, or somebody else has refunded meanwhile.
    """
    if not money.amount:
        raise Problem(422, "invalid", "Nothing was chosen.")
    path = f"/admin/api/orders/{quote(shown.id, safe='')}/refunds"
    body = {"amount": money.amount, "reason": form.get("reason"), "left": form.number("left") or 0}
    return (await ask(request, "POST", path, body=body, key=form.get("key"))).status == _MADE


async def _note(request: Http, order_id: str, chosen: Sequence[RefundChoice], key: str) -> None:
    """Note for colleagues what the refund was for. Whoever may not note anything has refunded all the same."""
    text = note_of(language_asked(request), chosen)[:LONGEST_NOTE]
    path = f"/admin/api/orders/{quote(order_id, safe='')}/notes"
    try:
        await ask(request, "POST", path, body={"text": text}, key=f"{key}.note")
    except Refused as refused:
        if refused.status >= 500:
            raise


def note_of(language: Language, chosen: Sequence[RefundChoice]) -> str:
    """Write what a refund is for."""
    fixed = {SHIPPING: language.say("Shipping"), FEES: language.say("Fees")}
    lines = [fixed.get(each.part.name) or f"{each.units} × {each.part.title}" for each in chosen if each.units]
    money = language.money(sum_of(chosen, chosen[0].sum.currency))
    return language.say("Refund of %(sum)s: %(lines)s") % {"sum": money, "lines": ", ".join(lines)}


async def _screen(
    request: Http,
    shown: OrderView,
    form: Form,
    chosen: Sequence[RefundChoice] = (),
    problem: Problem | Refused | None = None,
) -> Response[bytes]:
    """Show the lines, and the sum to confirm where there is one.

    Args:
        request: Whose screen it is.
        shown: The order.
        form: What was typed.
        chosen: The same, if it could be read.
        problem: Why it was not taken.
    """
    path = f"/admin/api/orders/{quote(shown.id, safe='')}/refundable"
    left = (await ask(request, "GET", path)).read(RefundableView).left
    total = sum_of(chosen, shown.total.currency)
    too_much = not left or total.amount > left.amount
    return await screen(
        request,
        "refund_lines.html",
        status=problem.status if problem else 200,
        problem=_sentence(request, problem, left, too_much=too_much and total.amount > 0),
        wrong=str(problem.members.get("field", "")) if isinstance(problem, Problem) else "",
        order=shown,
        parts=parts_of(shown),
        typed={name: form.get(name) for name in form.fields},
        chosen={each.part.name: each for each in chosen},
        total=total,
        left=left,
        can_confirm=total.amount > 0 and not too_much,
        fields=fields_of(chosen),
        reasons=REASONS,
        key=new_key(),
    )


def _sentence(request: Http, problem: Problem | Refused | None, left: Money | None, *, too_much: bool) -> str:
    language = language_asked(request)
    if too_much and (problem is None or isinstance(problem, Refused)):
        if not left or not left.amount:
            return language.say("Nothing is left to give back.")
        return language.say("That is more than is left: %(left)s could still go back.") % {"left": language.money(left)}
    if isinstance(problem, Refused):
        return sentence_of(language, problem)
    if problem is None:
        return ""
    if problem.code == "invalid":
        return language.say("Please choose how many units go back, and no more than were bought.")
    return language.say(words.problem(problem.code))


def _home(order_id: str) -> str:
    return f"/admin/orders/{quote(order_id, safe='')}"


PART: Final = PortalPart(screens=(), routes=(choose, give_back))
