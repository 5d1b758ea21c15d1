"""How people who work here come in: settings, sessions, and the bounds on tries."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

import msgspec

from bus.messages.customer import EmailIndex
from engine.patterns import whole
from engine.settings import Seconds, Settings, meaning
from gateway.limiter import Caller, Limiter
from gateway.sessions import Kind, Sessions

SESSION_MARK: Final = "ss_"
MOST_TRIES: Final = 10  # Of one account from one address, in a quarter of an hour.
MOST_OF_ACCOUNT: Final = 50  # From all addresses together. A passkey opens it all the while.
MOST_OF_ADDRESS: Final = 30  # In a minute, whatever accounts.
TRIES_S: Final = 900.0


class StaffSettings(Settings, frozen=True, kw_only=True):
    """The first owner, and how long people stay signed in."""

    shopflow_admin_email: Annotated[
        str,
        whole(r"(?:[^\s@]{1,64}@[^\s@]{1,190})?"),
        meaning(
            "The first owner's e-mail address. Empty: `serve` prints a link to sign in, once, while there is none."
        ),
    ] = ""
    shopflow_admin_password: Annotated[
        str, meaning("The first owner's password. It counts only while there is no owner.", is_secret=True)
    ] = ""
    shopflow_staff_idle_s: Annotated[Seconds, meaning("How long staff stay signed in without doing anything.")] = 1800.0
    shopflow_staff_session_s: Annotated[Seconds, meaning("How long staff stay signed in at most.")] = 43_200.0
    shopflow_staff_fresh_s: Annotated[
        Seconds, meaning("How long a sign-in counts as fresh: refunds, prices and rights of others take one.")
    ] = 300.0
    shopflow_acts_kept_days: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=36_500)],
        meaning("How many days the record of what staff did is kept, by whole days. 0: for ever."),
    ] = 2557
    shopflow_refund_limit: Annotated[
        Annotated[int, msgspec.Meta(ge=0)],
        meaning(
            "What one person may refund of an order, in minor units of its currency. More waits until a second person "
            "approves it. 0: no limit."
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class StaffGate:
    """All that sign-ins of staff go through."""

    settings: StaffSettings
    sessions: Sessions
    tries: Limiter
    of_account: Limiter
    of_address: Limiter
    link_base: str  # Before the path of a link that invites.

    def wait_s(self, account: EmailIndex, address: str) -> float:
        """Charge a try to sign in; return the seconds to wait if there were too many."""
        of_both, of_account = _callers(account, address)
        return max(
            self.of_address.take(Caller("staff-address", address)),
            self.tries.take(of_both),
            self.of_account.take(of_account),
        )

    def address_wait_s(self, address: str) -> float:
        """Charge a try that names no account; return the seconds to wait if there were too many."""
        return self.of_address.take(Caller("staff-address", address))

    def signed_in(self, account: EmailIndex, address: str) -> None:
        """Give back what a try was charged that was none: of the account, never of the address."""
        of_both, of_account = _callers(account, address)
        self.tries.charge(of_both, -1)
        self.of_account.charge(of_account, -1)

    @property
    def limiters(self) -> tuple[Limiter, ...]:
        """The allowances that processes of one shop share."""
        return self.tries, self.of_account, self.of_address


def _callers(account: EmailIndex, address: str) -> tuple[Caller, Caller]:
    return Caller("staff-tries", f"{account}:{address}"), Caller("staff-account", account)


def staff_kind(settings: StaffSettings) -> Kind:
    """Return the bounds of staff's sessions."""
    return Kind(
        name="staff",
        mark=SESSION_MARK,
        cookie="staff",
        absolute=timedelta(seconds=settings.shopflow_staff_session_s),
        idle=timedelta(seconds=settings.shopflow_staff_idle_s),
        most=10,
    )
