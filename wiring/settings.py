"""Reading the environment, and refusing at once the settings that would fail when half of the shop is running."""

import os
from typing import Final

import msgspec

from actors.email.smtp import read_url
from actors.payment.stripe import mode_of
from bus.messages.currencies import is_known
from engine.errors import BadSetting
from engine.files import make_folder
from engine.master_key import read_master_key
from engine.settings import Setting, describe, read_settings, unknown_variables
from gateway.settings import ShownSetting
from wiring.domains import ShopSettings

# By the scripts of docs/deploying.md, and by campaigns of tests.
_READ_BY_OTHERS: Final = frozenset({"SHOPFLOW_HOME", "SHOPFLOW_SEED", "SHOPFLOW_TEST_CLOCK"})


def read_all() -> ShopSettings:
    """Read all settings from the environment.

    Raises:
        BadSetting: A setting is missing or bad. The message names it.
    """
    groups = msgspec.structs.fields(ShopSettings)
    settings = ShopSettings(**{group.name: read_settings(group.type, os.environ) for group in groups})
    if not is_known(currency := settings.edge.shopflow_currency):
        raise BadSetting(f"SHOPFLOW_CURRENCY: Stripe takes no payments in {currency}")
    return settings


def unknown_settings() -> list[str]:
    """Write a line for each variable of the environment that is named as a setting and is none, with the likely one."""
    kinds = [group.type for group in msgspec.structs.fields(ShopSettings)]
    environment = {name: value for name, value in os.environ.items() if name not in _READ_BY_OTHERS}
    found = unknown_variables(kinds, environment, "SHOPFLOW_")
    return [f"{name}: there is no such setting, so it does nothing; is it {likely}?" for name, likely in found]


def check(settings: ShopSettings) -> None:
    """Compare settings with each other, and with this machine's files.

    Raises:
        BadSetting: Two settings don't fit together, or one can't be used. The message names it.
    """
    _ = settings.edge.trusted_proxies
    make_folder(settings.engine.shopflow_data)
    if not settings.vault.shopflow_kms_key or settings.edge.shopflow_master_key:
        read_master_key(settings.edge.shopflow_master_key, settings.engine.shopflow_data)
    if settings.stripe.stripe_secret_key and not settings.stripe.webhook_secrets:
        raise BadSetting("STRIPE_WEBHOOK_SECRET: missing, and STRIPE_SECRET_KEY is set; Stripe shows both")
    if settings.stripe.stripe_secret_key and not settings.stripe.stripe_publishable_key:
        raise BadSetting("STRIPE_PUBLISHABLE_KEY: missing, and STRIPE_SECRET_KEY is set; browsers pay with it")
    _check_keys(settings)
    if settings.carrier.carrier_url and not settings.carrier.webhook_secrets:
        raise BadSetting("CARRIER_WEBHOOK_SECRET: missing, and CARRIER_URL is set; parcels are heard of by webhooks")
    if settings.order.shopflow_payment_window_s >= settings.inventory.shopflow_payment_hold_s:
        raise BadSetting(
            "SHOPFLOW_PAYMENT_HOLD_S: must be longer than SHOPFLOW_PAYMENT_WINDOW_S, or paid units are gone"
        )
    if settings.smtp.smtp_url:
        read_url(settings.smtp.smtp_url)


def _check_keys(settings: ShopSettings) -> None:
    """Refuse keys of two modes, and tests that would kill a shop with real money."""
    secret, publishable = settings.stripe.stripe_secret_key, settings.stripe.stripe_publishable_key
    modes = {mode_of(secret), mode_of(publishable)} - {None}
    if len(modes) > 1:
        raise BadSetting("STRIPE_PUBLISHABLE_KEY: one of the two keys is for tests, and the other is live")
    if "live" in modes and settings.engine.shopflow_crash_at:
        raise BadSetting("SHOPFLOW_CRASH_AT: is for tests, and STRIPE_SECRET_KEY is live")


def shown_settings(read: ShopSettings) -> tuple[ShownSetting, ...]:
    """Return all settings as staff may read them: of secrets only whether they are set."""
    return tuple(
        ShownSetting(one.name, group.name, one.meaning, _shown(getattr(read, group.name), one), is_default)
        for group in msgspec.structs.fields(ShopSettings)
        for one in describe(group.type)
        for is_default in [getattr(getattr(read, group.name), one.field) == one.default]
    )


def _shown(section: object, setting: Setting) -> str:
    value = getattr(section, setting.field)
    if setting.is_secret:
        return "(secret)" if value else ""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
