"""Settings of the edge."""

from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec

from engine.errors import BadSetting
from engine.patterns import whole
from engine.settings import Port, PositiveInt, Seconds, Settings, listed, meaning
from gateway.client_address import Network, read_networks

Bound: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]  # 0 lifts it.


def url_of(host: str, port: int) -> str:
    """Write the shop's URL. Source: RFC 3986, 3.2.2, for the brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class ShownSetting(NamedTuple):
    """A setting of the environment as staff read it. Of a secret, `value` says only that there is one."""

    name: str
    section: str
    meaning: str
    value: str
    is_default: bool


class EdgeSettings(Settings, frozen=True, kw_only=True):
    """The edge's address, currency and key, and the origins it trusts."""

    shopflow_host: Annotated[str, meaning("Address to listen at.")] = "127.0.0.1"
    shopflow_port: Annotated[Port, meaning("Port to listen at. 0: any free one.")] = 8000
    shopflow_operations_host: Annotated[
        str, meaning("Address of metrics and health for operations. Not for the world: it asks for no password.")
    ] = "127.0.0.1"
    shopflow_operations_port: Annotated[
        Port | Literal["off"] | None,
        meaning("Its port. Empty: SHOPFLOW_PORT + 2, or a free port if that is taken. 0: a free port. `off`: none."),
    ] = None
    shopflow_public_url: Annotated[
        str,
        whole(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?"),
        meaning(
            "Address at which browsers reach the shop, such as https://shop.example. Empty: as they ask; mails then "
            "link to the address that it listens at."
        ),
    ] = ""
    shopflow_media_url: Annotated[
        str,
        whole(r"(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*/?)?"),
        meaning("Address of the CDN in front of the pictures, such as https://img.example. Empty: the shop's own."),
    ] = ""
    shopflow_origins: Annotated[
        str, meaning("Other origins whose pages may use the API and open /live, with commas between.")
    ] = ""
    shopflow_currency: Annotated[str, whole("[A-Z]{3}"), meaning("Currency of all prices; one that Stripe takes.")] = (
        "EUR"
    )
    shopflow_language: Annotated[
        str, whole("[a-z]{2}"), meaning("Language by which lists are sorted: two letters, such as de or sv.")
    ] = "en"
    shopflow_master_key: Annotated[
        str, meaning("32 bytes in base64. Empty: made at the first start, and kept in the data folder.", is_secret=True)
    ] = ""

    shopflow_trusted_proxies: Annotated[
        str,
        meaning(
            "Addresses and networks, with commas between, whose X-Forwarded-For and Forwarded are believed. Without "
            "them all buyers behind a proxy share one allowance."
        ),
    ] = ""
    shopflow_suggestions_a_minute: Annotated[
        Bound, meaning("Suggestions that one client address may ask for in a minute, or all at once. 0: no limit.")
    ] = 60
    shopflow_requests_a_minute: Annotated[
        Bound,
        meaning(
            "Allowance of one client address, in units: a read costs 4, a new cart 10, a checkout 50. A quarter of it "
            "may be used at once. 0: no limit."
        ),
    ] = 3000
    shopflow_unpaid_orders: Annotated[
        Bound,
        meaning("Unpaid orders of one client address, and of one e-mail address, in an hour. 0: no limit."),
    ] = 20
    shopflow_logins_a_minute: Annotated[
        Bound, meaning("Sign-ins that one network (a /24, or a /48 of IPv6) may try in a minute. 0: no limit.")
    ] = 30
    shopflow_sign_ups_a_minute: Annotated[
        Bound, meaning("Accounts that one network may ask for in a minute. 0: no limit.")
    ] = 20
    shopflow_login_failures: Annotated[
        Bound,
        meaning(
            "Wrong passwords for one account in 15 minutes, of all unknown devices together, and of each known one. "
            "Codes and passkeys stay open. 0: no limit."
        ),
    ] = 10
    shopflow_account_mails_an_hour: Annotated[
        Bound, meaning("Mails about accounts that may be asked for to one address in an hour. 0: no limit.")
    ] = 5
    shopflow_account_mails_a_day: Annotated[
        Bound, meaning("Mails about accounts that one network may ask for in a day. 0: no limit.")
    ] = 20
    shopflow_held_units: Annotated[
        Bound, meaning("Units that all carts of one client address hold together, at most. 0: no limit.")
    ] = 300
    shopflow_connections: Annotated[
        PositiveInt, meaning("Connections at once, at most; fewer where the machine allows fewer open files.")
    ] = 25_000
    shopflow_connections_of_address: Annotated[
        Bound, meaning("Connections of one client address at once, those of trusted proxies aside. 0: no limit.")
    ] = 256
    shopflow_live_of_address: Annotated[
        Bound, meaning("Websockets and event streams of one client address at once. 0: no limit.")
    ] = 100
    shopflow_request_s: Annotated[
        Seconds, meaning("How long a whole request may take to arrive. Its head has 10 s of that.")
    ] = 30.0
    shopflow_view_cache_mb: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=65_536)],
        meaning("Megabytes of products that each process keeps ready to be shown."),
    ] = 64
    shopflow_unread_s: Annotated[Seconds, meaning("How long an answer may wait to be read.")] = 60.0

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        """The trusted proxies.

        Raises:
            BadSetting: One of them is neither an address nor a network.
        """
        try:
            return read_networks(self.shopflow_trusted_proxies)
        except ValueError as error:
            raise BadSetting(f"SHOPFLOW_TRUSTED_PROXIES: {error}") from error

    @property
    def listens_at(self) -> str:
        """The address that the settings tell the shop to listen at."""
        return url_of(self.shopflow_host, self.shopflow_port)

    @property
    def media_url(self) -> str:
        """The address before the keys of pictures, without a slash behind it; a path on the shop itself."""
        return self.shopflow_media_url.rstrip("/") or "/media"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the shop by HTTPS."""
        return self.public_url.startswith("https://")

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
        return listed(self.shopflow_origins)


_URL_OR_TEXT = "The address of a page (https://...), or the text itself. Empty: the page does not speak of it."


def is_address(text: str) -> bool:
    """Whether a notice is the address of a page elsewhere, and no text."""
    return text.startswith(("https://", "http://")) and "\n" not in text


class PageSettings(Settings, frozen=True, kw_only=True):
    """The shop's name, and its duties to inform its buyers; until the owner sets them at /admin/settings."""

    shopflow_shop_name: Annotated[str, meaning("The shop's name, on each page and in mails.")] = "ShopFlow"
    shopflow_shop_tagline: Annotated[str, meaning("What the shop sells, in a few words: the home page's title.")] = (
        "Things for the house"
    )
    shopflow_imprint: Annotated[str, meaning(f"Who runs the shop. {_URL_OR_TEXT}")] = ""
    shopflow_terms: Annotated[str, meaning(f"The terms of sale. {_URL_OR_TEXT}")] = ""
    shopflow_returns: Annotated[str, meaning(f"How goods are sent back. {_URL_OR_TEXT}")] = ""
    shopflow_privacy: Annotated[str, meaning(f"What becomes of buyers' data. {_URL_OR_TEXT}")] = ""
    shopflow_contact: Annotated[str, meaning(f"How buyers reach the shop. {_URL_OR_TEXT}")] = ""
    shopflow_tax_note: Annotated[
        str, meaning("A sentence on taxes that stands at each total, such as: Prices include VAT.")
    ] = "The shop adds nothing to this total."
