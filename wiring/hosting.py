"""The actors that a process hosts. The rest run elsewhere, and are reached through SQS."""

from dataclasses import dataclass
from typing import Final

from engine.actor import Actor
from engine.errors import BadSetting
from wiring.domains import ACTORS, ShopSettings

# Hosted beside each gateway, and by no other process.
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
    """Read which actors this process hosts from SHOPFLOW_ACTORS.

    Raises:
        BadSetting: A named actor does not exist, or SQS is not configured for the others.
    """
    all_actors = ALL_ACTORS.actors
    named = {name.strip() for name in settings.sqs.shopflow_actors.split(",")} - {""}
    if unknown := named - all_actors:
        known = ", ".join(sorted(all_actors))
        raise BadSetting(f"SHOPFLOW_ACTORS: there is no {', '.join(sorted(unknown))}; there are {known}")
    actors = (named or all_actors) - LOCAL | (LOCAL if has_gateway else frozenset())
    hosted = HostedActors(frozenset(actors), has_gateway)
    if hosted.elsewhere and not settings.sqs.sqs_prefix:
        raise BadSetting("SQS_PREFIX: must be set, or the actors of this process can't reach the others")
    return hosted
