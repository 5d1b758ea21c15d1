"""The actors that a process hosts. The rest run elsewhere, and are reached through SQS."""

from dataclasses import dataclass
from typing import Final

from engine.actor import Actor
from engine.errors import BadSetting
from wiring.domains import ACTORS, ShopSettings

# Hosted by every process that may ask them, which is every process, and reached from no other.
LOCAL: Final = frozenset(actor.name for actor in ACTORS if actor.is_local)


@dataclass(frozen=True, slots=True)
class HostedActors:
    """The actors of this process, by name, and whether it has the gateway."""

    actors: frozenset[str] = frozenset(actor.name for actor in ACTORS)
    has_gateway: bool = True

    @property
    def elsewhere(self) -> frozenset[str]:
        """The actors that other processes host."""
        return frozenset(actor.name for actor in ACTORS) - self.actors - LOCAL

    def needs(self, actor: type[Actor]) -> bool:
        """Whether this process calls the external services of this actor, itself or in the gateway."""
        return self.has_gateway or actor.name in self.actors


ALL_ACTORS: Final = HostedActors()


def read_hosted(settings: ShopSettings, *, has_gateway: bool = True) -> HostedActors:
    """Read which actors this process hosts from SHOPFLOW_ACTORS, in whose place a command's option may stand.

    Raises:
        BadSetting: The list can't be read, it leaves nothing to host, or SQS is not configured for the other actors.
    """
    chosen = choose_actors(settings.sqs.shopflow_actors, ALL_ACTORS.actors)
    if not (chosen - LOCAL or has_gateway):
        raise BadSetting("SHOPFLOW_ACTORS: it leaves this process no actor to host")
    hosted = HostedActors(chosen | LOCAL, has_gateway)
    if hosted.elsewhere and not settings.sqs.sqs_prefix:
        raise BadSetting("SQS_PREFIX: must be set, or the actors of this process can't reach the others")
    return hosted


def choose_actors(listed: str, known: frozenset[str], *, given_by: str = "SHOPFLOW_ACTORS") -> frozenset[str]:
    """Read a list of actors: `a,b` are these two, `!a,b` all but these two, an empty list all.

    Args:
        listed: The list.
        known: All actors.
        given_by: The setting or option that a refusal names.

    Raises:
        BadSetting: A listed actor does not exist, no actor is left, or the two forms are mixed.
    """
    excludes = listed.strip().startswith("!")
    names = frozenset(name.strip() for name in listed.strip().removeprefix("!").split(",")) - {""}
    if any(name.startswith("!") for name in names):
        raise BadSetting(f"{given_by}: one ! before the first name excludes all that are listed; no other name has one")
    if unknown := names - known:
        raise BadSetting(
            f"{given_by}: no actor is called {' or '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    if not excludes:
        return names or known
    if not names:
        raise BadSetting(f"{given_by}: no name follows the !")
    if names == known:
        raise BadSetting(f"{given_by}: it excludes every actor")
    return known - names
