"""The outside world of a shop: Stripe, a carrier and a mailbox over their real protocols.

Sandbox and shop know nothing of each other and meet on the network only, so that what works against the sandbox works
with the real services. `python -m sandbox` runs it as a process, `Sandbox` inside a test.
"""

from sandbox.app import Sandbox
from sandbox.carrier.api import Shipment, UnexpectedStatus
from sandbox.core.config import WEBHOOK_TYPES, SandboxConfig
from sandbox.core.faults import Fault, Faults, WebhookFault
from sandbox.mailbox.smtp import Mail

__all__ = [
    "WEBHOOK_TYPES",
    "Fault",
    "Faults",
    "Mail",
    "Sandbox",
    "SandboxConfig",
    "Shipment",
    "UnexpectedStatus",
    "WebhookFault",
]
