"""The bundles among the watched SKUs, by their parts: a bundle's level changes with those of its parts."""

from collections.abc import Iterable


class BundleTopics:
    """An index of the watched bundles by their parts."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[str, ...]] = {}
        self._bundles: dict[str, set[str]] = {}

    def learn(self, bundle: str, parts: tuple[str, ...]) -> None:
        """Note the parts of a watched SKU; none if it is no bundle."""
        if self._parts.get(bundle, ()) == parts:
            return
        self.forget(bundle)
        if parts:
            self._parts[bundle] = parts
            for part in parts:
                self._bundles.setdefault(part, set()).add(bundle)

    def forget(self, bundle: str) -> None:
        """Forget a SKU that is no longer watched."""
        for part in self._parts.pop(bundle, ()):
            self._bundles[part].discard(bundle)
            if not self._bundles[part]:
                del self._bundles[part]

    def of(self, part: str) -> Iterable[str]:
        """The watched bundles that have this part."""
        return self._bundles.get(part, ())
