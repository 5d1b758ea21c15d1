"""A customer's export: all that the shop keeps of them."""

from typing import Final

from litestar import Response, get

from gateway import security_log
from gateway.context import GatewayContext, Http, Injected, client_address
from gateway.customers import CurrentCustomer, check_fresh
from gateway.personal_zip import SessionRecord, personal_zip

_HEADERS: Final = {
    "Content-Disposition": 'attachment; filename="your-data.zip"',
    "Cache-Control": "no-store",
}


@get("/export", summary="Export the own data", media_type="application/zip", refuses=["fresh_login_required"])
async def export_me(context: Injected, request: Http, customer: CurrentCustomer) -> Response[bytes]:
    """Get a ZIP with all that the shop keeps of the customer, for up to 10,000 orders. Needs a sign-in of just now.

    It has JSON for each part, `schema.json` that describes it, and `index.html` to read.
    """
    check_fresh(customer, context)
    security_log.note("export", about=customer.id, address=client_address(request))
    sessions = await _sessions(context, customer.id)
    content = await personal_zip(context.bus, context.clock.now(), customer.id, sessions)
    return Response(content, headers=_HEADERS)


async def _sessions(context: GatewayContext, customer_id: str) -> list[SessionRecord]:
    return [
        SessionRecord(
            since=each.since,
            seen=each.seen,
            ends_at=each.ends_at,
            method=each.method,
            device=each.device,
            network=each.network,
        )
        for each in await context.customers.of(customer_id)
    ]


OWN = [export_me]
