"""Errors of PostgreSQL's driver, made the engine's own.

A lost connection is Unavailable, a deadlock or a failed serialization is Conflict, a value that can't be stored is
BadInput. Any other error (a violated constraint, say) is a bug, or a rule of its caller.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncpg

from engine import telemetry
from engine.errors import BadInput, BadSetting, Conflict, Unavailable

_log = telemetry.logger(part="postgres")

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,  # An administrator, or a crash of the server, ended the session.
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.InternalClientError,  # It was cut off between two of our messages, and the driver lost its place.
    OSError,
    TimeoutError,
)
NO_ANSWER = (*_LOST, ValueError, asyncpg.PostgresError)
# Values of a sender that no check has refused and that can't be stored: a text with NUL, a number that is too large.
# The driver's own check of arguments is a plain DataError.
_NOT_STORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.NumericValueOutOfRangeError)
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)


@contextmanager
def translated(but: Sequence[Exception] = ()) -> Iterator[None]:
    """Raise the engine's errors in place of the driver's, except for those in `but`."""
    try:
        yield
    except asyncpg.QueryCanceledError:
        raise  # It took too long: the statement's fault, and not the server's.
    except _LOST as error:
        if error in but or _is_misuse(error):
            raise
        raise Unavailable("PostgreSQL", str(error) or type(error).__name__, retry_after_s=1.0) from error
    except _AGAIN as error:
        raise Conflict(str(error)) from error
    except asyncpg.DataError as error:
        if not isinstance(error, _NOT_STORABLE) and type(error) is not asyncpg.DataError:
            raise
        _log.warning("PostgreSQL can't take this", error=str(error))  # Its text is for the log alone.
        raise BadInput(_describe(error)) from error


def no_postgres(dsn: str, error: Exception) -> BadSetting:
    """Return the error of a server that can't be reached, in one line. It names host and port, never the password."""
    if "://" not in dsn:  # Not shown: a text that is no URL may be a password.
        return BadSetting("DATABASE_URL: must look like postgresql://user:password@host:5432/name")
    return BadSetting(f"DATABASE_URL: no PostgreSQL answers at {_without_password(dsn)}: {error}")


def _without_password(dsn: str) -> str:
    hidden = re.sub(r"//([^:/@]*):[^/]*@", r"//\1:***@", dsn)
    return re.sub(r"(?i)([?&][a-z]*password=)[^&]*", r"\1***", hidden)


def _describe(error: asyncpg.DataError) -> str:
    """Return a sentence for the sender, who knows nothing of columns and arguments."""
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):
        return "A text has characters that can't be kept."
    return "A value is out of its range."


def _is_misuse(error: BaseException) -> bool:
    """Return whether it is a bug of ours: the driver has one class for a closed connection and too few arguments."""
    return isinstance(error, asyncpg.InterfaceError) and "clos" not in str(error)
