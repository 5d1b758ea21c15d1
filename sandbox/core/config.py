"""The settings of a sandbox. The secrets have defaults because it listens on loopback only."""

from pathlib import Path

from msgspec import Struct

# As Stripe's dashboard takes them, `*` included.
WEBHOOK_TYPES = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.canceled",
        "charge.refunded",
        "charge.dispute.*",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "radar.early_fraud_warning.*",
    }
)


class SandboxConfig(Struct, frozen=True, kw_only=True):
    """Ports, folder, pace and secrets. Immutable."""

    port: int = 0  # HTTP; 0 is any free port.
    smtp_port: int = 0
    data: Path | None = None  # Folder of the database. None keeps everything in memory.
    shop_url: str = ""  # Where webhooks go. They wait while this is empty; see Sandbox.point_at.
    carrier_pace_s: float | None = None  # Seconds between two steps of a parcel. None: moved by hand only.
    stripe_secret_key: str = "sk_test_sandbox"  # noqa: S105 - a test secret on loopback
    stripe_publishable_key: str = "pk_test_sandbox"
    stripe_webhook_secret: str = "whsec_sandbox"  # noqa: S105
    carrier_key: str = "carrier_sandbox"
    carrier_secret: str = "shipsec_sandbox"  # noqa: S105
    webhook_types: frozenset[str] = WEBHOOK_TYPES  # Stripe events that are also sent to the shop; `*` is any of them.
