"""Whether everything adds up, what is safe to put right, and what waits for a person."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery

from bus.levels import differing, still_wrong
from bus.messages.audit import Audit, ListStuck, Remedy, Repair, RepairMade, SettleStuck, StuckItem, StuckKind
from bus.messages.base import Finding, Money, Sku
from bus.messages.inventory import GetStock, StockLevel
from gateway.api.bodies import View
from gateway.api.lists import Limit, ListView
from gateway.edge import Edge, Wired

_LONG_S = 600.0  # For a whole audit.
_PAGE = 500  # SKUs that are read at a time.


class AuditView(View, frozen=True, kw_only=True):
    """What was looked at, and what is wrong; nothing is the good answer."""

    checked: dict[str, int]
    findings: Sequence[Finding]


class RepairsView(View, frozen=True, kw_only=True):
    """What was put right."""

    repairs: Sequence[RepairMade]


class RemedyView(View, frozen=True, kw_only=True):
    """What to do, and the one request that does it."""

    say: str
    method: str
    path: str
    body: msgspec.Raw | None


class StuckView(View, frozen=True, kw_only=True):
    """Money or an order that waits for a person."""

    id: str
    kind: StuckKind
    order_id: str | None
    amount: Money | None
    since: datetime
    age_s: int
    detail: str
    remedy: RemedyView


class StuckMoney(ListView[StuckView], frozen=True, kw_only=True):
    """The oldest first."""


class Settled(View, frozen=True, kw_only=True):
    """It is not listed any more."""

    settled: bool


@get("/audit", summary="Recompute everything")
async def audit(edge: Wired) -> AuditView:
    """Compare everything with ledgers and rows, domains with each other, and what watchers were told with the stock."""
    told = edge.hub.told_stock()
    suspects = differing(told, await _true(edge, list(told)))
    audited = await edge.bus.ask(Audit(), timeout_s=_LONG_S)
    checked = {part.name: part.checked for part in audited.parts} | {"live": len(told)}
    return AuditView(checked=checked, findings=[*audited.findings, *await _live(edge, suspects)])


@post("/audit/repair", status_code=200, summary="Put right what is safe to")
async def repair(edge: Wired) -> RepairsView:
    """Counters are set to what they can be computed from. Each repair is kept."""
    return RepairsView(repairs=(await edge.bus.ask(Repair(), timeout_s=_LONG_S)).repairs)


@get("/stuck-money", summary="Money and orders that wait for a person")
async def stuck_money(edge: Wired, limit: Limit = 20, cursor: FromQuery[str] = "") -> StuckMoney:
    """The oldest first, each with the one request that solves it."""
    page = await edge.bus.ask(ListStuck(limit=limit, after=cursor), timeout_s=60)
    return StuckMoney(items=[_stuck(item) for item in page.items], next=page.next)


@post("/stuck-money/{item_id:str}/settle", status_code=200, summary="It was seen to elsewhere")
async def settle(edge: Wired, item_id: FromPath[str]) -> Settled:
    """A person has solved it at Stripe, say: it is listed no more."""
    await edge.bus.ask(SettleStuck(item_id=item_id))
    return Settled(settled=True)


async def _live(edge: Edge, suspects: Mapping[Sku, StockLevel]) -> list[Finding]:
    """Watchers who have not heard what was true before everything else was looked at."""

    async def told(skus: Collection[Sku]) -> Mapping[Sku, StockLevel]:
        now = edge.hub.told_stock()
        return {sku: now[sku] for sku in skus if sku in now}

    async def true(skus: Collection[Sku]) -> Mapping[Sku, StockLevel]:
        return await _true(edge, list(skus))

    return [
        Finding(
            rule="I9 watchers know the stock",
            about=level.sku,
            detail=f"{detail}, by websockets",
            remedy="see that Redis answers; what is watched is read again every 10 s. Else restart this process",
        )
        for level, detail in (await still_wrong(suspects, told, true) if suspects else ())
    ]


async def _true(edge: Edge, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
    levels: dict[Sku, StockLevel] = {}
    for start in range(0, len(skus), _PAGE):
        answer = await edge.bus.ask(GetStock(skus=tuple(skus[start : start + _PAGE])))
        levels |= {level.sku: level for level in answer.levels}
    return levels


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
    body = msgspec.Raw(remedy.body.encode()) if remedy.body else None
    return RemedyView(say=remedy.say, method=remedy.method, path=remedy.path, body=body)


STAFF = [audit, repair, stuck_money, settle]
