"""The outside world in a box: Stripe, a carrier and a mailbox over their real protocols.

It knows nothing of the shop and the shop nothing of it; they meet on the network only, so that what works here works
with the real thing. `python -m sandbox` runs it as a process, `Sandbox` inside a test.
"""

from sandbox.box import Sandbox
from sandbox.carrier import Shipment, UnexpectedStatus
from sandbox.config import WEBHOOK_TYPES, SandboxConfig
from sandbox.faults import Fault, Faults, WebhookFault
from sandbox.mailbox import Mail

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
