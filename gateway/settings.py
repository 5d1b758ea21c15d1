"""Settings of the edge."""

from typing import Annotated

from engine.patterns import whole
from engine.settings import Port, Settings, meaning


class EdgeSettings(Settings, frozen=True, kw_only=True):
    """The edge's address, currency and key, and the origins it trusts."""

    shopflow_host: Annotated[str, meaning("Address to listen at.")] = "127.0.0.1"
    shopflow_port: Annotated[Port, meaning("Port to listen at. 0: any free one.")] = 8000
    shopflow_public_url: Annotated[
        str,
        whole(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?"),
        meaning("Address at which browsers reach the shop, such as https://shop.example. Empty: as they ask."),
    ] = ""
    shopflow_origins: Annotated[
        str, meaning("Other origins whose pages may use the API and open /live, with commas between.")
    ] = ""
    shopflow_currency: Annotated[str, whole("[A-Z]{3}"), meaning("Currency of all prices; one that Stripe takes.")] = (
        "EUR"
    )
    shopflow_master_key: Annotated[
        str, meaning("32 bytes in base64. Empty: made at the first start, and kept in the data folder.", is_secret=True)
    ] = ""

    @property
    def public_url(self) -> str:
        """The public address, without a slash behind it."""
        return self.shopflow_public_url.rstrip("/")

    @property
    def all_origins(self) -> tuple[str, ...]:
        """The listed origins, and the public one."""
        return (*self.origins, self.public_url) if self.public_url else self.origins

    @property
    def origins(self) -> tuple[str, ...]:
        """The listed origins."""
        return tuple(origin.strip() for origin in self.shopflow_origins.split(",") if origin.strip())
