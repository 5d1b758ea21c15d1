"""Sheets to print: pick lists, packing slips, and labels of parcels. HTML on pages of paper's size; no PDF is made."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec
import segno
from litestar import Response, get

from bus.messages.base import Address
from gateway.api.order import BuyerView, OrderView, TrackingView
from gateway.api.warehouse import PickListView, RoundView
from gateway.context import Http, context_of
from gateway.pages.admin.picking import Stop, stops_of
from gateway.pages.admin.screens import PortalPart, screen
from gateway.pages.code128 import Bars, bars
from gateway.pages.inside import Refused, ask
from gateway.problems import Problem

KINDS: Final = ("list", "slip", "label")
SIZES: Final = ("a4", "a5")
MOST_SHEETS: Final = 50
_LONGEST_ID: Final = 64


class Square(msgspec.Struct, frozen=True):
    """A QR code: the path of its dark modules, and its width with the quiet zone."""

    path: str
    width: int


class ParcelSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel on paper. `buyer` is None for whoever may not read who buys: their sheets say no name."""

    parcel: PickListView
    stops: Sequence[Stop]
    buyer: BuyerView | None
    tracking: TrackingView | None
    code: str  # In the bars: the carrier's number, or else the order's.
    bars: Bars
    square: Square

    @property
    def address(self) -> Address | None:
        """Where it goes."""
        return self.buyer.address if self.buyer else None


@get("/admin/print", include_in_schema=False)
async def sheets(request: Http) -> Response[bytes]:
    """Show sheets for the parcels that the address names, as they come out of a printer."""
    kind = _one_of(str(request.query_params.get("kind", "")), KINDS)
    size = _one_of(str(request.query_params.get("size", "")), SIZES)
    named = [value for name, value in request.query_params.multi_items() if name == "id"]
    ids = list(dict.fromkeys(value[:_LONGEST_ID] for value in named if value))
    if len(ids) > MOST_SHEETS:
        raise Problem(422, "invalid", f"at most {MOST_SHEETS} at once", field="id")
    shown = [await _sheet(request, each, kind) for each in ids]
    return await screen(request, "print.html", sheets=shown, kind=kind, size=size, ids=ids)


def square(text: str) -> Square:
    """Draw a QR code as one path."""
    rows = segno.make(text, micro=False, error="m").matrix
    dots = [f"M{x + 4} {y + 4}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark]
    return Square("".join(dots), len(rows) + 8)


async def _sheet(request: Http, list_id: str, kind: str) -> ParcelSheet:
    found = (await ask(request, "GET", f"/admin/api/pick-lists/{quote(list_id, safe='')}")).read(RoundView)
    parcel = found.items[0]
    order = await _order(request, parcel.order_id) if kind != "list" else None
    tracking = order.tracking if order else None
    code = tracking.tracking_number if tracking and _is_plain(tracking.tracking_number) else parcel.number
    base = context_of(request.scope).public_url
    return ParcelSheet(
        parcel=parcel,
        stops=stops_of(RoundView(items=[msgspec.structs.replace(parcel, status="open")], goods=found.goods)),
        buyer=order.buyer if order else None,
        tracking=tracking,
        code=code,
        bars=bars(code),
        square=square(f"{base}/order/{parcel.order_id}" if base else parcel.number),
    )


async def _order(request: Http, order_id: str) -> OrderView | None:
    """Read the order as far as whoever prints may: the address takes the key read_customers, the number read_orders."""
    try:
        return (await ask(request, "GET", f"/orders/{quote(order_id, safe='')}")).read(OrderView)
    except Refused as refused:
        if refused.status not in (403, 404):
            raise
        return None


def _is_plain(text: str) -> bool:
    return 1 <= len(text) <= 40 and text.isascii() and text.isprintable()


def _one_of(asked: str, known: Sequence[str]) -> str:
    return asked if asked in known else known[0]


PART = PortalPart(screens=(), routes=[sheets])
