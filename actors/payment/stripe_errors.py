"""Stripe's errors as the engine's own: come back later, or never. Their texts hold no secrets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import stripe

from engine.errors import BadInput, ShopFlowError, Unavailable
from engine.retry_after import retry_after_s

# 401 and 403 are about our key, and no message's fault; 409 is a twin of this request under way.
_PASSING = frozenset({401, 403, 408, 409, 425, 429})


@contextmanager
def translated() -> Iterator[None]:
    """Make Stripe's errors the engine's own. Their texts hold no secrets, and help whoever reads the log."""
    try:
        yield
    except stripe.StripeError as error:
        raise translate(error) from error


def translate(error: stripe.StripeError) -> Unavailable | BadInput:
    """Give the engine's own error: Unavailable if Stripe should be asked again, BadInput if it refuses for good."""
    status = error.http_status or 0
    if 400 <= status < 500 and not _should_come_back(status, _headers(error).get("stripe-should-retry", "")):
        return BadInput(f"Stripe refuses: {error}")
    wait_s = retry_after_s(_headers(error))
    return Unavailable("Stripe", str(error) or type(error).__name__, retry_after_s=wait_s)


def _should_come_back(status: int, advice: str) -> bool:
    """Stripe's own word counts more than the status. Of a 5xx it isn't asked.

    There "false" means that the same key would bring back the same answer; the lookup takes care of that.
    Source: stripe-python, `_http_client.py`.
    """
    return {"true": True, "false": False}.get(advice, status in _PASSING)


def is_replayed(error: ShopFlowError) -> bool:
    """Whether this failure is what the idempotency key remembered."""
    cause = error.__cause__
    return isinstance(cause, stripe.StripeError) and _headers(cause).get("idempotent-replayed") == "true"


def is_used(error: ShopFlowError) -> bool:
    """Whether an earlier call asked for something else under this key: an order that cost another sum then."""
    return isinstance(error, BadInput) and isinstance(error.__cause__, stripe.IdempotencyError)


def _headers(error: stripe.StripeError) -> Mapping[str, str]:
    return {name.lower(): value for name, value in (error.headers or {}).items()}
