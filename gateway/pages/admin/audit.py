"""Audit: the promises that the shop checks of its own books, what a check finds, and safe repairs."""

from collections import Counter
from typing import Final

from litestar import Response, get, post

from bus.messages.audit import RULES
from gateway.api.audit import AuditView, RepairsView
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, me_of, screen
from gateway.pages.forms import own_forms_only, read_form
from gateway.pages.inside import ask
from gateway.problems import Problem

PATH: Final = "/admin/audit"
_REPAIRED: Final = "/admin/api/audit/repair"  # As the remedy of a finding that the shop repairs by itself names it.


@get(PATH, include_in_schema=False)
async def audit(request: Http) -> Response[bytes]:
    """Show what is checked. A check reads all books, so it takes a click."""
    return await _screen(request)


@post(PATH, include_in_schema=False, guards=[own_forms_only])
async def run_audit(request: Http) -> Response[bytes]:
    """Check everything, and show what was found."""
    await read_form(request)
    return await _screen(request, audited=(await ask(request, "GET", "/admin/api/audit")).read(AuditView))


@post("/admin/audit/repair", include_in_schema=False, guards=[own_forms_only])
async def repair(request: Http) -> Response[bytes]:
    """Set counters right where that is safe, and check again."""
    await read_form(request)
    repaired = (await ask(request, "POST", _REPAIRED)).read(RepairsView)
    audited = (await ask(request, "GET", "/admin/api/audit")).read(AuditView)
    return await _screen(request, audited=audited, repaired=repaired)


async def _screen(
    request: Http, *, audited: AuditView | None = None, repaired: RepairsView | None = None
) -> Response[bytes]:
    me = await me_of(request)
    if "read_settings" not in me.keys:
        raise Problem(403, "forbidden", "This takes the key read_settings.")
    broken = Counter(finding.rule for finding in audited.findings) if audited else Counter[str]()
    return await screen(
        request,
        "audit.html",
        rules=[(code, *parted(rule), broken[rule]) for code, rule in RULES.items() if code != "more_findings"],
        audited=audited,
        repaired=repaired,
        repairable=[each for each in audited.findings if _REPAIRED in each.remedy] if audited else [],
        checked=sum(audited.checked.values()) if audited else 0,
        sentence_of=lambda rule: parted(rule)[1],
    )


def parted(rule: str) -> tuple[str, str]:
    """Part a promise's number from its words: I3, never oversold."""
    number, _, text = rule.partition(" ")
    return number, text[:1].upper() + text[1:]


PART: Final = PortalPart(
    screens=[Screen(path=PATH, title="Audit", group="engine", key="read_settings", letter="a")],
    routes=[audit, run_audit, repair],
)
