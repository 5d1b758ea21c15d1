"""People who work here, their roles, and the tokens of programs."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from litestar import Response, get, post

from bus.messages.staff import RESOURCES
from gateway.api.staff import InvitedView, NewToken, StaffList, StaffRoles, Tokens
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import ApiAnswer, Refused, ask
from gateway.problems import Problem

_API: Final = "/admin/api"


@get("/admin/staff", include_in_schema=False)
async def staff(request: Http) -> Response[bytes]:
    """Show the people, roles and tokens."""
    return await _show(request, Form({}))


async def _show(
    request: Http,
    form: Form,
    *,
    refused: Refused | None = None,
    invited: InvitedView | None = None,
    made: NewToken | None = None,
) -> Response[bytes]:
    return await screen(
        request,
        "staff.html",
        refused=refused,
        form=form,
        invited=invited,
        made=made,
        people=(await ask(request, "GET", f"{_API}/staff")).read(StaffList).items,
        roles=(await ask(request, "GET", f"{_API}/roles")).read(StaffRoles).items,
        tokens=(await ask(request, "GET", f"{_API}/tokens")).read(Tokens).items,
        resources=RESOURCES,
    )


@post("/admin/staff", include_in_schema=False, guards=[own_forms_only])
async def change(request: Http) -> Response[bytes]:
    """Invite somebody, change a person or a role, make or revoke a token: as the button says that was pressed.

    A link to join and a token are shown once, in the answer itself.
    """
    form = await read_form(request)
    step, _, which = form.get("do").partition(" ")
    try:
        answer = await _do(request, step, quote(which, safe=""), form)
    except Refused as refused:
        if refused.status == 401 or refused.code in ("fresh_login_required", "forbidden"):
            raise
        return await _show(request, form, refused=refused)
    if step in ("invite", "reinvite"):
        return await _show(request, Form({}), invited=answer.read(InvitedView))
    if step == "token":
        return await _show(request, Form({}), made=answer.read(NewToken))
    return see("/admin/staff")


async def _do(request: Http, step: str, which: str, form: Form) -> ApiAnswer:
    role, person = quote(form.get("id"), safe=""), {name: form.get(name) for name in ("email", "name", "role")}
    keys, most = list(form.all("key")), form.number("refund_limit")
    limit: dict[str, object] = {} if most is None else {"refund_limit": most}
    steps: Mapping[str, tuple[str, str, object]] = {
        "invite": ("POST", "staff", person),
        "reinvite": ("POST", f"staff/{which}/invitation", None),
        "role-of": ("PATCH", f"staff/{which}", {"role": form.get("role")}),
        "disable": ("PATCH", f"staff/{which}", {"disabled": True}),
        "enable": ("PATCH", f"staff/{which}", {"disabled": False}),
        "role": ("PUT", f"roles/{role}", {"title": form.get("title"), "keys": keys} | limit),
        "remove-role": ("DELETE", f"roles/{which}", None),
        "token": ("POST", "tokens", {"label": form.get("label"), "keys": keys, "days": form.number("days") or 90}),
        "revoke": ("DELETE", f"tokens/{which}", None),
    }
    if step not in steps:
        raise Problem(422, "invalid", "do: there is no such step", field="do")
    method, path, body = steps[step]
    return await ask(request, method, f"{_API}/{path}", body=body)


PART = PortalPart(
    screens=[Screen(path="/admin/staff", title="Staff and roles", group="shop", key="read_staff")],
    routes=[staff, change],
)
