"""`serve`: the shop, or a part of it, until it is stopped."""

import os
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Annotated

import anyio
import msgspec
import typer

from bus.messages.branding import GetBranding
from bus.messages.catalog import ListCategories
from cli import goods
from cli.address import address_noted
from cli.running import report_progress, run
from cli.sample_pictures import import_pictures
from engine import crash
from engine.clock import SystemClock
from engine.files import OTHERS
from engine.gc_tuning import freeze_gc
from gateway.brand import defaults, merged, notices_of
from gateway.server import bind
from gateway.settings import url_of
from wiring.domains import ShopSettings
from wiring.edge import open_edge
from wiring.first_owner import first_owner
from wiring.hosting import ALL_ACTORS, LOCAL, choose_actors, read_hosted
from wiring.integrations import open_integrations, played_by_sandbox
from wiring.operations import bind_operations, open_operations
from wiring.plain_ways import plain_ways
from wiring.settings import check
from wiring.shop import Shop, attach_shop, open_shop


def serve_command(
    actors: Annotated[
        str,
        typer.Option(
            help="Actors to host, with commas between; '!email' (in quotes, for the shell): all but this one. Others "
            f"are reached over SQS. There are {', '.join(sorted(ALL_ACTORS.actors - LOCAL))}. Default: those of "
            "SHOPFLOW_ACTORS, or all.",
            show_default=False,
        ),
    ] = "",
    gateway: Annotated[bool, typer.Option(help="Whether to serve HTTP here.")] = True,
) -> None:
    """Run the shop, or a part of it, until Ctrl-C or SIGTERM: the page, the API, and the actors behind them."""

    async def main(settings: ShopSettings) -> None:
        choose_actors(actors, ALL_ACTORS.actors, given_by="--actors")
        hosted = msgspec.structs.replace(settings.sqs, shopflow_actors=actors or settings.sqs.shopflow_actors)
        await serve(msgspec.structs.replace(settings, sqs=hosted), has_gateway=gateway)

    run(main, is_service=True)


async def serve(settings: ShopSettings, *, has_gateway: bool = True) -> None:
    """Run the shop, or a part of it, until SIGTERM or Ctrl-C."""
    os.umask(OTHERS)  # All that it writes is its owner's alone.
    check(settings)
    hosted = read_hosted(settings, has_gateway=has_gateway)
    crash.arm(settings.engine.shopflow_crash_at)
    edge = settings.edge
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(bind(edge.shopflow_host, edge.shopflow_port)) if has_gateway else None
        public_port = listener.getsockname()[1] if listener else edge.shopflow_port
        operations = stack.enter_context(bind_operations(edge, public_port))
        signals = stack.enter_context(anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT))
        url = url_of(edge.shopflow_host, public_port) if listener else ""
        report_progress("Starting PostgreSQL, Valkey and the sandbox ...")
        integrations = await stack.enter_async_context(open_integrations(settings, hosted, url))
        if listener and hosted.elsewhere:
            async with attach_shop(settings) as attached:
                await stock_an_empty_sandbox(replace(attached, integrations=integrations))
        shop = await stack.enter_async_context(
            open_shop(settings, integrations, SystemClock(), hosted=hosted, shop_url=url)
        )
        if hosted.elsewhere:
            here, elsewhere = (", ".join(sorted(names)) for names in (hosted.actors - LOCAL, hosted.elsewhere))
            report_progress(f"Here: {here}. Elsewhere: {elsewhere}.")
        else:
            await stock_an_empty_sandbox(shop)
        operations_url = await stack.enter_async_context(open_operations(shop.services, operations))
        if listener:
            await stack.enter_async_context(open_edge(shop, listener))
            stack.enter_context(address_noted(settings.engine.shopflow_data, url))
        freeze_gc()
        notes = await _notes(shop, url)
        report_progress(f"ShopFlow is ready: {url or 'without a gateway'}")
        for note in notes:
            report_progress(f"  {note}")
        if operations_url:
            report_progress(f"  metrics, for this machine: {operations_url}/metrics")
        if (played := played_by_sandbox(settings, hosted)) and not integrations.is_sandbox:
            report_progress(f"  the sandbox plays {' and '.join(sorted(played))}: none of it leaves this machine")
        if url and not integrations.is_sandbox and not edge.shopflow_public_url:
            report_progress(f"  mails link to {url}: SHOPFLOW_PUBLIC_URL is not set")
        if url and integrations.is_sandbox:
            report_progress(f"  test payments, parcels and mails: {integrations.stripe.stripe_api_base}")
        await anext(aiter(signals))
        report_progress("Stopping ...")
    report_progress("Stopped.")


async def _notes(shop: Shop, url: str) -> list[str]:
    """Write what an owner should know: how to become one, and which ways can be read by others."""
    link = await first_owner(shop, shop.settings.edge.public_url or url) if url else ""
    notes = [f"no owner yet; to become it, once, within three days: {link}"] if link else []
    if url and (missing := await _missing_notices(shop)):
        notes.append(f"the page owes its buyers what is not set yet: {', '.join(missing)} ({url}/admin/settings)")
    return [*notes, *plain_ways(shop.settings)]


async def _missing_notices(shop: Shop) -> list[str]:
    """Return the titles of the notices that neither the owner nor the settings have set."""
    own = (await shop.bus.ask(GetBranding())).brand
    return [title.lower() for title, text in notices_of(merged(own, defaults(shop.settings.pages))).items() if not text]


async def stock_an_empty_sandbox(shop: Shop) -> None:
    """Import sample goods into an empty shop on trial. A shop with real payments begins empty."""
    if shop.integrations.is_sandbox and not (await shop.bus.ask(ListCategories())).names:
        report_progress("Filling the shelves with sample goods ...")
        done = await goods.import_file(shop, goods.SAMPLE)
        if done.refused:
            refused = await goods.report_lines(shop.bus, done.id)
            report_progress(f"  Some could not be imported: {refused[0].reason}")
        if done.refused < done.lines:
            await import_pictures(shop.bus, shop.objects, goods.product_titles(goods.SAMPLE))
