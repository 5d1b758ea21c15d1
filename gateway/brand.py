"""The shop's identity as its pages show it: what its owner has said, and what the settings say where they have not.

Each process keeps it, since every page has it. It is read again when somebody has changed it, and after 30 s: a page
never waits for it longer than for one question, and shows what was known while nobody answers.

Rejected: docs/decisions/0063.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import structs

from bus.messages.branding import LOGO_OF, Brand, GetBranding
from bus.messages.media import Image, ListImages
from engine.actor import Bus
from engine.clock import Clock
from engine.errors import Unavailable
from gateway.settings import PageSettings

_KEPT: Final = timedelta(seconds=30)


class ShownBrand(msgspec.Struct, frozen=True, kw_only=True):
    """The identity as it is shown. `own` is what the owner has said, `brand` has the settings in its gaps."""

    revision: int
    own: Brand
    brand: Brand
    logo: Image | None


class BrandReader:
    """Reads the shop's identity, and keeps it for a while."""

    def __init__(self, *, bus: Bus, clock: Clock, settings: PageSettings) -> None:
        self._bus = bus
        self._clock = clock
        self._defaults = defaults(settings)
        self._fresh_until = clock.now()
        # As it was known last; what the settings say before anybody has asked.
        self.last = ShownBrand(revision=0, own=Brand(), brand=self._defaults, logo=None)

    async def read(self) -> ShownBrand:
        """Return the identity, at most 30 s old."""
        if self._clock.now() >= self._fresh_until:
            with suppress(Unavailable):
                await self.read_anew()
        return self.last

    async def read_anew(self) -> ShownBrand:
        """Read the identity as it is now.

        Raises:
            Unavailable: Nobody answers.
        """
        self._fresh_until = self._clock.now() + _KEPT  # Others show what is known while this one asks.
        try:
            found = await self._bus.ask(GetBranding())
            pictures = (await self._bus.ask(ListImages(product_ids=(LOGO_OF,)))).products
        except Unavailable:
            self.forget()
            raise
        logos = [image for product in pictures for image in product.images if image.state == "ready"]
        self.last = ShownBrand(
            revision=found.revision,
            own=found.brand,
            brand=merged(found.brand, self._defaults),
            logo=logos[-1] if logos else None,
        )
        return self.last

    def forget(self) -> None:
        """Read it again before it is shown next."""
        self._fresh_until = self._clock.now()


def defaults(settings: PageSettings) -> Brand:
    """Return the identity that the settings describe."""
    return Brand(
        name=settings.shopflow_shop_name,
        tagline=settings.shopflow_shop_tagline,
        tax_note=settings.shopflow_tax_note,
        imprint=settings.shopflow_imprint,
        terms=settings.shopflow_terms,
        returns=settings.shopflow_returns,
        privacy=settings.shopflow_privacy,
        contact=settings.shopflow_contact,
    )


def merged(own: Brand, other: Brand) -> Brand:
    """Return an identity with what another one says wherever it says nothing."""
    return structs.replace(other, **{name: text for name, text in structs.asdict(own).items() if text})


def notices_of(brand: Brand) -> dict[str, str]:
    """Return the notices by their titles, unset ones included."""
    return {
        "Imprint": brand.imprint,
        "Terms": brand.terms,
        "Returns": brand.returns,
        "Privacy": brand.privacy,
        "Contact": brand.contact,
    }
