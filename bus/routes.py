"""Routes from messages to actors. Made once, from the classes of all actors, those of other processes included."""

from collections.abc import Iterable, Sequence

from bus.codec import Codec
from engine.actor import Actor
from engine.errors import BadInput
from engine.message import Command, Event, Message


class Routes:
    """A command goes to the one actor that handles it, an event to every actor that does."""

    def __init__(self, actors: Iterable[type[Actor]]) -> None:
        self._subscribers: dict[type[Message], tuple[str, ...]] = {}
        self._codecs: dict[str, Codec] = {}
        for actor in actors:
            own = [message_type for handler in actor.handlers for message_type in handler.message_types]
            self._codecs[actor.name] = Codec(actor.name, own)
            for message_type in own:
                self._add(message_type, actor.name)

    def subscribers(self, message_type: type[Message]) -> Sequence[str]:
        """Return the names of the actors that handle this type. An event may have none."""
        subscribers = self._subscribers.get(message_type, ())
        assert subscribers or issubclass(message_type, Event), f"no actor handles {message_type.__name__}"
        return subscribers

    def owner(self, command_type: type[Message]) -> str:
        """Return the name of the actor that handles this command.

        Raises:
            BadInput: No actor does.
        """
        subscribers = self._subscribers.get(command_type)
        if not subscribers:
            raise BadInput(f"no actor of this shop handles {command_type.__name__}")
        return subscribers[0]

    def decode(self, subscriber: str, type_name: str, body: str) -> Message:
        """Read a stored message as its subscriber does.

        Raises:
            BadInput: The subscriber does not know this type, or the body does not fit it.
        """
        return self._codecs[subscriber].decode(type_name, body)

    def message_types(self) -> Sequence[type[Message]]:
        """List all message types that some actor handles."""
        return list(self._subscribers)

    def listeners(self) -> dict[str, Sequence[str]]:
        """Return the subscribers of every event, by its name."""
        events = {kind: names for kind, names in self._subscribers.items() if issubclass(kind, Event)}
        return {kind.__name__: names for kind, names in sorted(events.items(), key=lambda item: item[0].__name__)}

    def _add(self, message_type: type[Message], name: str) -> None:
        known = self._subscribers.get(message_type, ())
        if known and issubclass(message_type, Command):
            raise TypeError(f"{message_type.__name__} is handled by {known[0]} and by {name}: a command has one owner")
        self._subscribers[message_type] = (*known, name)
