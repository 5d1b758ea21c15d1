"""The bounds on what one client address may take of a shop, in one place. Wired in wiring/edge.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.client_address import ClientAddresses
from gateway.held_units import HeldUnits
from gateway.limiter import Caller, Limiter
from gateway.rate_limit import RateLimit
from gateway.refusals import Refusals
from gateway.settings import EdgeSettings
from gateway.unpaid_orders import UnpaidOrders

_BURST_S = 15.0  # A quarter of a minute's allowance may be used at once.
_MINUTE_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 86_400.0
_SOCKET_UNITS = 10
_REFUSED_UNITS = 1  # A refusal takes half a millisecond, too.


@dataclass(frozen=True, slots=True)
class Guard:
    """The bounds, and the log of what they refuse."""

    addresses: ClientAddresses
    refusals: Refusals
    requests: Limiter
    suggestions: Limiter
    unpaid: UnpaidOrders
    held: HeldUnits
    logins: Limiter
    sign_ups: Limiter
    mails_of_address: Limiter
    mails_of_network: Limiter

    @property
    def limiters(self) -> Sequence[Limiter]:
        """The allowances that processes of one shop share."""
        return (
            self.requests,
            self.suggestions,
            self.unpaid.limiter,
            self.logins,
            self.sign_ups,
            self.mails_of_address,
            self.mails_of_network,
        )

    def admit_socket(self, address: str) -> float:
        """Charge an address for a websocket; return the seconds to wait if that is too much."""
        return self.requests.take(Caller("anyone", address), _SOCKET_UNITS)

    def note_requests(self, address: str, path: str, *, is_forwarded: bool) -> None:
        """Note requests that were refused. A proxy that nobody trusts is the likely reason for many."""
        hint = {"hint": "behind a proxy? see SHOPFLOW_TRUSTED_PROXIES"} if is_forwarded else {}
        self.refusals.note("requests", address, route=path, **hint)


def make_guard(
    settings: EdgeSettings,
    now: Callable[[], float],
    utc: Callable[[], datetime],
    *,
    rest_s: float,
    is_shared: bool,
) -> Guard:
    """Make the bounds of a shop.

    Args:
        settings: The figures.
        now: A clock in seconds that is never set.
        utc: The time in UTC.
        rest_s: How long a SKU can't be held again after it was held for as long as may be.
        is_shared: Whether other processes serve this shop, too.

    Raises:
        BadSetting: A trusted proxy is no address.
    """
    units, orders = settings.shopflow_requests_a_minute * _BURST_S / 60.0, settings.shopflow_unpaid_orders
    refusals = Refusals(now)

    def limiter(most: int, period_s: float) -> Limiter:
        return Limiter(RateLimit(most, period_s) if most else None, now, is_shared=is_shared)

    return Guard(
        addresses=ClientAddresses(settings.trusted_proxies),
        refusals=refusals,
        requests=Limiter(
            RateLimit(units, _BURST_S) if units else None, now, is_shared=is_shared, refused_cost=_REFUSED_UNITS
        ),
        suggestions=limiter(settings.shopflow_suggestions_a_minute, _MINUTE_S),
        unpaid=UnpaidOrders(limiter(orders, _HOUR_S), refusals),
        held=HeldUnits(settings.shopflow_held_units, utc, refusals, rest=timedelta(seconds=rest_s)),
        logins=limiter(settings.shopflow_logins_a_minute, _MINUTE_S),
        sign_ups=limiter(settings.shopflow_sign_ups_a_minute, _MINUTE_S),
        mails_of_address=limiter(settings.shopflow_account_mails_an_hour, _HOUR_S),
        mails_of_network=limiter(settings.shopflow_account_mails_a_day, _DAY_S),
    )
