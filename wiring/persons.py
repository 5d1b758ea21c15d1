"""All that the shop keeps of persons, as each part of it declares."""

from collections.abc import Mapping, Sequence
from typing import Final

import actors.analytics.person
import actors.customer.person
import actors.email.person
import actors.idempotency.person
import actors.inventory.person
import actors.notification.person
import actors.order.person
import actors.payment.person
import actors.privacy.person
import actors.shipping.person
import actors.vault.person
import actors.warehouse.person
import bus.person
import gateway.person
from engine.persons import PersonalColumns

DECLARED: Final[Mapping[str, Sequence[PersonalColumns]]] = {
    "customer": actors.customer.person.KEEPS,
    "order": actors.order.person.KEEPS,
    "payment": actors.payment.person.KEEPS,
    "shipping": actors.shipping.person.KEEPS,
    "warehouse": actors.warehouse.person.KEEPS,
    "email": actors.email.person.KEEPS,
    "notification": actors.notification.person.KEEPS,
    "inventory": actors.inventory.person.KEEPS,
    "analytics": actors.analytics.person.KEEPS,
    "privacy": actors.privacy.person.KEEPS,
    "vault": actors.vault.person.KEEPS,
    "idempotency": actors.idempotency.person.KEEPS,
    "bus": bus.person.KEEPS,
    "gateway": gateway.person.KEEPS,
}
