"""Settings of the edge."""

from typing import Annotated

from engine.patterns import whole
from engine.settings import Port, Settings, meaning


def url_of(host: str, port: int) -> str:
    """Write the shop's URL. Source: RFC 3986, 3.2.2, for the brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class EdgeSettings(Settings, frozen=True, kw_only=True):
    """The edge's address, currency and key, and the origins it trusts."""

    shopflow_host: Annotated[str, meaning("Address to listen at.")] = "127.0.0.1"
    shopflow_port: Annotated[Port, meaning("Port to listen at. 0: any free one.")] = 8000
    shopflow_public_url: Annotated[
        str,
        whole(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?"),
        meaning(
            "Address at which browsers reach the shop, such as https://shop.example. Empty: as they ask; mails then "
            "link to the address that it listens at."
        ),
    ] = ""
    shopflow_origins: Annotated[str, meaning("Other origins whose pages may open /live, with commas between.")] = ""
    shopflow_currency: Annotated[str, whole("[A-Z]{3}"), meaning("Currency of all prices; one that Stripe takes.")] = (
        "EUR"
    )
    shopflow_master_key: Annotated[
        str, meaning("32 bytes in base64. Empty: made at the first start, and kept in the data folder.", is_secret=True)
    ] = ""

    @property
    def listens_at(self) -> str:
        """The address that the settings tell the shop to listen at."""
        return url_of(self.shopflow_host, self.shopflow_port)

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


_URL_OR_TEXT = "The address of a page (https://...), or the text itself. Empty: the page does not speak of it."


class PageSettings(Settings, frozen=True, kw_only=True):
    """The shop's duties to inform its buyers, which only its owner can fulfil."""

    shopflow_imprint: Annotated[str, meaning(f"Who runs the shop. {_URL_OR_TEXT}")] = ""
    shopflow_terms: Annotated[str, meaning(f"The terms of sale. {_URL_OR_TEXT}")] = ""
    shopflow_returns: Annotated[str, meaning(f"How goods are sent back. {_URL_OR_TEXT}")] = ""
    shopflow_privacy: Annotated[str, meaning(f"What becomes of buyers' data. {_URL_OR_TEXT}")] = ""
    shopflow_tax_note: Annotated[
        str, meaning("A sentence on taxes that stands at each total, such as: Prices include VAT.")
    ] = "The shop adds nothing to this total."

    @property
    def notices(self) -> dict[str, str]:
        """The notices by their titles, unset ones included."""
        return {
            "Imprint": self.shopflow_imprint,
            "Terms": self.shopflow_terms,
            "Returns": self.shopflow_returns,
            "Privacy": self.shopflow_privacy,
        }
