"""Settings: typed structs, read once from the environment. Every package has its own; this is the engine's.

A field's name is the variable's name in lower case; its type and bounds are checked by msgspec. Its meaning stands
beside its type, so that the command that lists settings, and docs/settings.md, show what the code says.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeVar, get_args, get_type_hints

import msgspec

from engine.errors import BadSetting
from engine.files import reason_of
from engine.patterns import whole

T = TypeVar("T", bound="Settings")

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
PositiveInt = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


_BOUNDS: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_KINDS: Final = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_SECRET = "secret"  # noqa: S105  # A mark in a field's metadata.


def meaning(text: str, *, is_secret: bool = False) -> msgspec.Meta:
    """Describe the purpose of a setting. The value of a secret is never shown."""
    return msgspec.Meta(description=text, extra={_SECRET: is_secret})


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=str.upper):
    """The base of all settings."""


def listed(text: str) -> tuple[str, ...]:
    """Split a setting that holds several values, with commas between."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


class EngineSettings(Settings, frozen=True, kw_only=True):
    """The engine's bounds, and the addresses of its services."""

    shopflow_data: Annotated[Path, meaning("Folder of everything that is embedded.")] = Path("var")
    database_url: Annotated[
        str, meaning("Your own PostgreSQL. Empty: PostgreSQL 18 from a wheel, in the data folder.", is_secret=True)
    ] = ""
    redis_url: Annotated[
        str, meaning("Your own Redis or Valkey. Empty: Valkey 9 from a wheel, in the data folder.", is_secret=True)
    ] = ""
    shopflow_database_connections: Annotated[PositiveInt, meaning("Connections to PostgreSQL, at most.")] = 16
    shopflow_log: Annotated[
        str,
        whole("debug|info|warning|error"),
        meaning("The least that is logged: debug, info, warning or error."),
    ] = "info"
    shopflow_log_json: Annotated[bool, meaning("Log one JSON object a line.")] = False

    shopflow_turn_limit: Annotated[PositiveInt, meaning("Messages in one turn of an actor, at most.")] = 512
    shopflow_inline_s: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=10)],
        meaning("How long the listeners of an event may take inside its publisher's transaction; 0: none does."),
    ] = 0.1
    shopflow_mailbox_limit: Annotated[PositiveInt, meaning("Messages that may wait for one actor.")] = 10_000
    shopflow_ask_timeout_s: Annotated[Seconds, meaning("How long an ask waits for its reply.")] = 10.0
    shopflow_tries: Annotated[PositiveInt, meaning("Tries before a message is parked as a dead letter.")] = 8
    shopflow_tries_away: Annotated[
        PositiveInt, meaning("Tries while a service that it needs is unavailable: most of a day.")
    ] = 1000
    shopflow_backoff_first_s: Annotated[
        Seconds, meaning("Pause before the second try. Doubles with each, less up to half of it by chance.")
    ] = 0.2
    shopflow_backoff_max_s: Annotated[Seconds, meaning("The longest pause between two tries.")] = 60.0
    shopflow_sweep_s: Annotated[
        Seconds, meaning("How often the database is searched for deliveries that memory does not know.")
    ] = 5.0
    shopflow_crash_at: Annotated[
        str, meaning("For tests: the crash point (engine/crash.py) where the process kills itself.")
    ] = ""
    shopflow_drain_s: Annotated[
        Seconds, meaning("How long running work may take to end at a stop, once the edge is closed.")
    ] = 3.0


class Setting(NamedTuple):
    """A setting as people read it."""

    name: str  # The variable's.
    field: str
    default: object
    meaning: str
    is_secret: bool


def describe(kind: type[Settings]) -> Iterator[Setting]:
    """Describe one room's settings, in the order in which they stand."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        (meta,) = (part for part in get_args(hints[field.name])[1:] if part.description)
        yield Setting(field.encode_name, field.name, field.default, meta.description, meta.extra[_SECRET])


def read_settings(kind: type[T], environment: Mapping[str, str]) -> T:
    """Read one package's settings. An empty variable counts as missing.

    Raises:
        BadSetting: A variable is wrong. The text is one line with its name and the reason, and never its value, which
            may be a secret.
    """
    given = {name: value for name, value in environment.items() if value and name in _names(kind)} | dict(
        _from_files(kind, environment)
    )
    try:
        return msgspec.convert(given, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        if not where:
            raise BadSetting(f"{what.split('`')[1]}: must be set") from None
        name = where.strip("`$.")
        raise BadSetting(f"{name}: {_in_words(what)}{_explained(kind, name)}") from None


def unknown_variables(
    kinds: Iterable[type[Settings]], environment: Mapping[str, str], prefix: str
) -> list[tuple[str, str]]:
    """List the variables with a prefix that no setting reads: each with the setting that is most like it.

    Args:
        kinds: All settings.
        environment: Variables and their values. An empty one counts as missing.
        prefix: The beginning of the names that are ours alone.
    """
    kinds = list(kinds)
    known = {name for kind in kinds for name in _names(kind)}
    read = known | {f"{name}_FILE" for kind in kinds for name in _secrets(kind)}
    unknown = sorted(
        name for name, value in environment.items() if value and name.startswith(prefix) and name not in read
    )
    return [(name, difflib.get_close_matches(name, sorted(read), n=1, cutoff=0.0)[0]) for name in unknown]


def _in_words(what: str) -> str:
    """Write msgspec's message about a value, which is for programmers, as people say it. Never the value."""
    if bound := re.search(r"(<=|>=|<|>) (-?\d+(?:\.\d+)?)$", what):
        return f"must be {_BOUNDS[bound[1]]} {float(bound[2]):.15g}"
    if kind := re.match(r"Expected `(int|float|bool)`", what):
        return f"must be {_KINDS[kind[1]]}"
    return "has not the right form"


def _explained(kind: type[Settings], name: str) -> str:
    """Return the meaning of a setting, to stand behind what is wrong with its value."""
    hints = get_type_hints(kind, include_extras=True)
    field = next(field.name for field in msgspec.structs.fields(kind) if field.encode_name == name)
    meanings = [part.description for part in get_args(hints[field])[1:] if part.description]
    return f" ({meanings[0].rstrip('.')})" if meanings else ""


def _from_files(kind: type[Settings], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Read the secrets that stand in files: NAME_FILE names the file of NAME, as containers mount them.

    Raises:
        BadSetting: The file can't be read, or the secret is given twice.
    """
    for name in _secrets(kind):
        if not (file := environment.get(f"{name}_FILE")):
            continue
        if environment.get(name):
            raise BadSetting(f"{name}_FILE: {name} is set, too; set one of them")
        try:
            yield name, Path(file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{name}_FILE: can't read {file}: {reason_of(error)}") from error


def _secrets(kind: type[Settings]) -> list[str]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if any(part.extra and part.extra.get(_SECRET) for part in get_args(hints[field.name])[1:])
    ]


def _names(kind: type[Settings]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


def _path(kind: type[Path], value: str) -> Path:
    """Convert the one type that msgspec does not know."""
    return kind(value)
