"""The external services of a shop: those that are configured, and the sandbox for the rest."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from actors.email.actor import Email
from actors.payment.actor import Payments
from actors.payment.stripe import StripeSettings
from actors.shipping.actor import Shipping
from actors.shipping.carrier import CarrierSettings
from engine.errors import BadSetting
from wiring.domains import ShopSettings
from wiring.hosting import HostedActors
from wiring.sandbox_process import read_secrets, sandbox_process


@dataclass(frozen=True, slots=True)
class Integrations:
    """The addresses of Stripe, the carrier and the mail server, and the secrets shared with them."""

    stripe: StripeSettings
    carrier: CarrierSettings
    smtp_url: str
    is_sandbox: bool  # Of Stripe: no real money.


class _Service(NamedTuple):
    """An external service: the setting that configures it, and whether this process needs it."""

    name: str
    variable: str
    value: str
    is_needed: bool


# For a process that calls none of them.
NO_INTEGRATIONS: Final = Integrations(
    StripeSettings(), CarrierSettings(carrier_url="http://127.0.0.1"), "smtp://127.0.0.1", is_sandbox=True
)


def played_by_sandbox(settings: ShopSettings, hosted: HostedActors) -> frozenset[str]:
    """Return the services that the sandbox plays for this process: those it needs that are not configured.

    Raises:
        BadSetting: Some are configured and others are not, which SHOPFLOW_SANDBOX does not allow.
    """
    services = [
        _Service("stripe", "STRIPE_SECRET_KEY", settings.stripe.stripe_secret_key, hosted.needs(Payments)),
        _Service("carrier", "CARRIER_URL", settings.carrier.carrier_url, hosted.needs(Shipping)),
        _Service("mail", "SMTP_URL", settings.smtp.smtp_url, Email.name in hosted.actors),
    ]
    allowed = {name.strip() for name in settings.sandbox.shopflow_sandbox.split(",")} - {""}
    if unknown := allowed - {service.name for service in services}:
        raise BadSetting(f"SHOPFLOW_SANDBOX: there is no {min(unknown)}; there are stripe, carrier and mail")
    configured = [service for service in services if service.is_needed and service.value]
    if clash := next((service for service in services if service.value and service.name in allowed), None):
        raise BadSetting(f"SHOPFLOW_SANDBOX: names {clash.name}, but {clash.variable} is set")
    played = [service for service in services if service.is_needed and not service.value]
    silent = [service for service in played if service.name not in allowed]
    if configured and silent:
        variables = ", ".join(service.variable for service in silent)
        raise BadSetting(
            f"{variables}: missing, and {configured[0].variable} is set; set all of them, or let the sandbox play "
            f"what is missing: SHOPFLOW_SANDBOX={','.join(service.name for service in played)}"
        )
    return frozenset(service.name for service in played)


@asynccontextmanager
async def open_integrations(settings: ShopSettings, hosted: HostedActors, shop_url: str) -> AsyncIterator[Integrations]:
    """Find the external services; start the sandbox, or join it, if one that is needed is not configured.

    Args:
        settings: All of the shop's.
        hosted: The actors of this process, which decide what is needed.
        shop_url: Where the sandbox sends webhooks. Empty for a process without a gateway.

    Raises:
        BadSetting: The sandbox does not start, or would play a service in silence.
    """
    stripe, carrier, smtp_url = settings.stripe, settings.carrier, settings.smtp.smtp_url
    if not played_by_sandbox(settings, hosted):
        given_carrier = carrier if carrier.carrier_url else NO_INTEGRATIONS.carrier
        yield Integrations(stripe, given_carrier, smtp_url or NO_INTEGRATIONS.smtp_url, is_sandbox=False)
        return
    folder = settings.engine.shopflow_data / "sandbox"
    port = (int(shop_url.rpartition(":")[2]) if shop_url else settings.edge.shopflow_port) + 1
    pace_s = settings.sandbox.shopflow_carrier_pace_s
    async with AsyncExitStack() as stack:
        try:
            sandbox = await stack.enter_async_context(sandbox_process(folder, shop_url, port=port, pace_s=pace_s))
        except (RuntimeError, OSError) as error:
            raise BadSetting(f"SHOPFLOW_DATA: no sandbox in {folder}: {error}") from error
        secrets = read_secrets(folder)
        yield Integrations(
            stripe=stripe if stripe.stripe_secret_key else StripeSettings(
                stripe_secret_key=secrets.stripe_secret_key,
                stripe_publishable_key=secrets.stripe_publishable_key,
                stripe_webhook_secret=secrets.stripe_webhook_secret,
                stripe_api_base=sandbox.http,
                stripe_timeout_s=stripe.stripe_timeout_s,
            ),
            carrier=carrier if carrier.carrier_url else CarrierSettings(
                carrier_url=f"{sandbox.http}/carrier",
                carrier_key=secrets.carrier_key,
                carrier_webhook_secret=secrets.carrier_secret,
            ),
            smtp_url=smtp_url or sandbox.smtp,
            is_sandbox=not stripe.stripe_secret_key,
        )  # fmt: skip
