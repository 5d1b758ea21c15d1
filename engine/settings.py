"""Settings: typed structs, read once from the environment. Every package has its own; this is the engine's.

A field's name is the variable's name in lower case; its type and bounds are checked by msgspec.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from engine.errors import BadSetting

T = TypeVar("T", bound="Settings")

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
PositiveInt = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=str.upper):
    """The base of all settings."""


class EngineSettings(Settings, frozen=True, kw_only=True):
    """The engine's bounds, and the addresses of its services."""

    shopflow_data: Path = Path("var")  # The embedded servers keep their files here.
    database_url: str = ""  # Empty: PostgreSQL from the wheel, under shopflow_data.
    redis_url: str = ""  # Empty: Valkey from the wheel, under shopflow_data.
    shopflow_database_connections: PositiveInt = 16
    shopflow_log: Annotated[str, msgspec.Meta(pattern="^(debug|info|warning|error)$")] = "info"
    shopflow_log_json: bool = False

    shopflow_turn_limit: PositiveInt = 512  # Messages in one turn.
    shopflow_mailbox_limit: PositiveInt = 10_000  # Messages waiting for one actor.
    shopflow_ask_timeout_s: Seconds = 10.0
    shopflow_tries: PositiveInt = 8  # Then a message is parked as a dead letter.
    shopflow_tries_away: PositiveInt = 1000  # The same while a service is away: most of a day.
    shopflow_backoff_first_s: Seconds = 0.2  # Doubles with each try, with up to half of it taken off by chance.
    shopflow_backoff_max_s: Seconds = 60.0
    shopflow_sweep_s: Seconds = 5.0  # How often the table is swept for deliveries that memory does not know.
    shopflow_crash_at: str = ""  # For tests: the crash point (engine/crash.py) where the process kills itself.
    shopflow_drain_s: Seconds = 3.0  # How long accepted work may take to end, once the edge is closed.


def read_settings(kind: type[T], environment: Mapping[str, str]) -> T:
    """Read one package's settings. An empty variable counts as missing.

    Raises:
        BadSetting: A variable is wrong. The text is one line with its name and the reason, and never its value, which
            may be a secret.
    """
    given = {name: value for name, value in environment.items() if value and name in _names(kind)}
    try:
        return msgspec.convert(given, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        if not where:
            raise BadSetting(f"{what.split('`')[1]}: must be set") from None
        raise BadSetting(f"{where.strip('`$.')}: {what[0].lower()}{what[1:]}") from None


def _names(kind: type[Settings]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


def _path(kind: type[Path], value: str) -> Path:
    """Convert the one type that msgspec does not know."""
    return kind(value)
