"""Stripe's errors as the engine's own: retry later, or never. Their texts hold no secrets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import stripe

from engine.errors import BadInput, ShopFlowError, Unavailable
from engine.retry_after import RETRYABLE_STATUSES, retry_after_s

_REFUSED_KEY = frozenset({401, 403})  # Our API key is at fault, and not the request: a person mends it.


@contextmanager
def translated() -> Iterator[None]:
    """Translate Stripe's errors within the block. Their texts help readers of the log."""
    try:
        yield
    except stripe.StripeError as error:
        raise translate(error) from error


def translate(error: stripe.StripeError) -> Unavailable | BadInput:
    """Translate an error: Unavailable if the request should be retried, BadInput if Stripe refuses for good."""
    status = error.http_status or 0
    if 400 <= status < 500 and not _is_retryable(status, _headers(error).get("stripe-should-retry", "")):
        return BadInput(f"Stripe refuses: {error}")
    wait_s = retry_after_s(_headers(error))
    return Unavailable("Stripe", str(error) or type(error).__name__, retry_after_s=wait_s)


def _is_retryable(status: int, advice: str) -> bool:
    """Whether to retry a 4xx: Stripe's advice counts more than the status. For a 5xx it is ignored.

    There "false" means that the same key would replay the same answer; the lookup takes care of that.
    Source: stripe-python, `_http_client.py`.
    """
    return {"true": True, "false": False}.get(advice, status in RETRYABLE_STATUSES | _REFUSED_KEY)


def is_replayed(error: ShopFlowError) -> bool:
    """Whether this failure was replayed from the idempotency key."""
    cause = error.__cause__
    return isinstance(cause, stripe.StripeError) and _headers(cause).get("idempotent-replayed") == "true"


def is_key_spent(error: ShopFlowError) -> bool:
    """Whether no request under this idempotency key can succeed any more.

    The key replays an old failure, or an earlier call used it for another request: the order cost another sum then.
    """
    return is_replayed(error) or (isinstance(error, BadInput) and isinstance(error.__cause__, stripe.IdempotencyError))


def _headers(error: stripe.StripeError) -> Mapping[str, str]:
    return {name.lower(): value for name, value in (error.headers or {}).items()}
