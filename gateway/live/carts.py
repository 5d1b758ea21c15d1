"""The watchers of carts: they are told to read their cart again, which costs no read here.

A cart's id is the key to it, so there is nothing to check. Ids that no cart has cost an entry, of which each client may
have a few.
"""

from gateway.live.messages import LiveRefusal
from gateway.live.settings import LiveSettings
from gateway.live.topics import CartTopic, Subscriber, newest


class CartSubscriptions:
    """The watched carts, and the subscriptions to them."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._topics: dict[str, CartTopic] = {}

    def watch(self, subscriber: Subscriber, cart_id: str) -> None:
        """Report to a subscriber that the cart is to be read: now, as it may have changed before, and at each change.

        Raises:
            LiveRefusal: The subscriber watches too many carts.
        """
        topic = self._topics.get(cart_id) or CartTopic(cart_id)
        if len(subscriber.carts | {topic}) > self._settings.max_carts:
            raise LiveRefusal("too_many_carts", f"A client may watch {self._settings.max_carts} carts.")
        self._topics[cart_id] = topic
        subscriber.carts |= {topic}
        topic.readers.add(subscriber)
        _report(subscriber, topic)

    def leave(self, subscriber: Subscriber) -> None:
        """End all of a subscriber's watching."""
        for topic in subscriber.carts:
            topic.readers.discard(subscriber)
            if not topic.readers:
                self._topics.pop(topic.cart_id, None)
        subscriber.carts = frozenset()

    def changed(self, cart_id: str) -> None:
        """Report a change to the cart's watchers. Cheap for carts without watchers."""
        if topic := self._topics.get(cart_id):
            for subscriber in list(topic.readers):
                _report(subscriber, topic)


def _report(subscriber: Subscriber, topic: CartTopic) -> None:
    """Report now, or when the subscriber reads again."""
    if subscriber.dirty is not None:
        subscriber.conflate([topic])
        return
    for message in newest([topic]):
        subscriber.send(message)
