"""Settings of the edge."""

from typing import Annotated

import msgspec

from engine.settings import Port, Settings


class EdgeSettings(Settings, frozen=True, kw_only=True):
    """Where it listens, and whom it trusts."""

    shopflow_host: str = "127.0.0.1"
    shopflow_port: Port = 8000  # 0: any free one.
    shopflow_origins: str = ""  # Other origins whose pages may open /live, with commas between.
    shopflow_currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "EUR"
    shopflow_master_key: str = ""  # 32 bytes in base64. Empty: made at the first start, and kept beside the data.

    @property
    def origins(self) -> tuple[str, ...]:
        """The listed origins."""
        return tuple(origin.strip() for origin in self.shopflow_origins.split(",") if origin.strip())
