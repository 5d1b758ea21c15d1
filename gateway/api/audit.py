"""The audit, safe repairs, and the money and orders that wait for a person."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery

from bus.messages.audit import (
    Audit,
    Finding,
    ListStuck,
    Remedy,
    Repair,
    RepairMade,
    SettleStuck,
    StuckItem,
    StuckKind,
)
from bus.messages.base import Instant, Money, Sku
from bus.messages.inventory import StockLevel
from gateway.access import Member
from gateway.api.bodies import JsonMembers, View
from gateway.api.lists import Limit, ListView
from gateway.bundles import read_levels
from gateway.context import GatewayContext, Injected
from gateway.problems import not_found
from gateway.remedies import advice, request_of, step

_LONG_S = 600.0  # For a whole audit.
_PAGE = 500  # SKUs that are read at a time.


class FindingView(View, frozen=True, kw_only=True):
    """An inconsistency, with its remedy."""

    rule: str  # The broken promise.
    about: str  # The SKU, order or payment.
    detail: str
    remedy: str


class AuditView(View, frozen=True, kw_only=True):
    """The numbers of checked items, and the inconsistencies; none if all is well."""

    checked: dict[str, int]
    findings: Sequence[FindingView]


class RepairsView(View, frozen=True, kw_only=True):
    """The repairs that were made."""

    repairs: Sequence[RepairMade]


class RemedyView(View, frozen=True, kw_only=True):
    """A remedy in words, and the one request that applies it."""

    say: str
    method: str
    path: str
    body: JsonMembers | None


class StuckView(View, frozen=True, kw_only=True):
    """Money or an order that waits for a person."""

    id: str
    kind: StuckKind
    order_id: str | None
    amount: Money | None
    since: Instant
    age_s: int
    detail: str
    remedy: RemedyView


class StuckMoney(ListView[StuckView], frozen=True, kw_only=True):
    """Money and orders that wait for a person, the oldest first."""


class Settled(View, frozen=True, kw_only=True):
    """Confirmation that an item is not listed any more."""

    settled: bool


@get("/audit", summary="Run an audit")
async def audit(context: Injected) -> AuditView:
    """Compare counters with ledgers and rows, domains with each other, and watchers' stock levels with the stock."""
    sent = context.hub.sent_levels()
    suspects = context.levels.stale_levels(sent, await _actual(context, list(sent)))
    audited = await context.bus.ask(Audit(), timeout_s=_LONG_S)
    checked = {part.name: part.checked for part in audited.parts} | {"live": len(sent)}
    found = [*audited.findings, *await _live(context, suspects)]
    return AuditView(checked=checked, findings=[_finding(finding) for finding in found])


@post("/audit/repair", status_code=200, summary="Repair counters")
async def repair(context: Injected) -> RepairsView:
    """Set counters to their recomputed values, where that is safe. Each repair is recorded."""
    return RepairsView(repairs=(await context.bus.ask(Repair(), timeout_s=_LONG_S)).repairs)


@get("/stuck-money", summary="List stuck money and orders")
async def stuck_money(context: Injected, limit: Limit = 20, cursor: FromQuery[str] = "") -> StuckMoney:
    """List money and orders that wait for a person, the oldest first, each with the one request that resolves it."""
    page = await context.bus.ask(ListStuck(limit=limit, after=cursor), timeout_s=60)
    return StuckMoney(items=[_stuck(item) for item in page.items], next=page.next)


@post("/stuck-money/{item_id:str}/settle", status_code=200, summary="Settle a stuck item", refuses=["not_found"])
async def settle(context: Injected, staff: Member, item_id: FromPath[str]) -> Settled:
    """Remove an item from the list after a person has resolved it elsewhere, for example at Stripe."""
    if not await context.bus.ask(SettleStuck(item_id=item_id, by=str(staff)), timeout_s=60):
        raise not_found("item that waits for a person")
    return Settled(settled=True)


async def _live(context: GatewayContext, suspects: Mapping[Sku, StockLevel]) -> list[Finding]:
    """Find watched SKUs whose watchers have not received a level that was actual before the rest was audited."""

    async def read_cached(skus: Collection[Sku]) -> Mapping[Sku, StockLevel]:
        sent = context.hub.sent_levels()
        return {sku: sent[sku] for sku in skus if sku in sent}

    async def read_actual(skus: Collection[Sku]) -> Mapping[Sku, StockLevel]:
        return await _actual(context, list(skus))

    return [
        Finding(
            check="watchers_know_level",
            about=level.sku,
            detail=f"by websockets, {detail}",
            remedy=Remedy(action="reconnect_watchers"),
        )
        for level, detail in await context.levels.confirm_stale(suspects, read_cached, read_actual)
    ]


async def _actual(context: GatewayContext, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
    levels: dict[Sku, StockLevel] = {}
    for start in range(0, len(skus), _PAGE):
        answer = await read_levels(context.bus, skus[start : start + _PAGE])
        levels |= {level.sku: level for level, _ in answer}
    return levels


def _finding(finding: Finding) -> FindingView:
    return FindingView(rule=finding.rule, about=finding.about, detail=finding.detail, remedy=advice(finding.remedy))


def _stuck(item: StuckItem) -> StuckView:
    return StuckView(
        id=item.id,
        kind=item.kind,
        order_id=item.order_id,
        amount=item.amount,
        since=item.since,
        age_s=item.age_s,
        detail=item.detail,
        remedy=_remedy(item.remedy),
    )


def _remedy(remedy: Remedy) -> RemedyView:
    request = request_of(remedy)
    assert request is not None, "what is stuck has a request that solves it"
    body = msgspec.json.decode(request.body, type=dict[str, msgspec.Raw]) if request.body else None
    return RemedyView(say=step(remedy), method=request.method, path=request.path, body=body)


STAFF = [audit, repair, stuck_money, settle]
