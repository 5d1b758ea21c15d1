"""Errors, named after what the catcher should do.

* ShopFlowError
    * BadInput: answer the sender or park the message; never retry.
        * BadSetting: print it as one line and exit with code 2.
    * Conflict: another transaction wrote first; read and decide again, at once.
    * Unavailable: a service outside did not answer; retry with backoff.
        * NoRoom: a disk is full; retry once people have made room.
        * Overloaded: a mailbox is full; retry later.
        * Crashed: the actor crashed with this message in hand, which counts against the message.
        * DeadlineExceeded: the deadline passed; the command may still take effect, so ask again with the same key.

A business "no" is none of these: it is a reply. A bug is an AssertionError.
"""


class ShopFlowError(Exception):
    """The root of all errors that ShopFlow raises on purpose."""


class BadInput(ShopFlowError):
    """A message, or a request, that can't be handled, now or ever."""


class BadSetting(BadInput):
    """A missing or wrong setting. The text is one line that names it and what would be right."""


class Conflict(ShopFlowError):
    """Another transaction wrote first."""


class Unavailable(ShopFlowError):
    """A service outside the process did not answer."""

    def __init__(self, service: str, why: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{service} is unavailable" + (f": {why}" if why else ""))
        self.service = service
        self.why = why
        self.retry_after_s = retry_after_s

    def copy(self) -> "Unavailable":
        """Return a copy for another asker: an error that is raised twice carries two histories."""
        return Unavailable(self.service, self.why, retry_after_s=self.retry_after_s)


class NoRoom(Unavailable):
    """A full disk."""


class Overloaded(Unavailable):
    """A full mailbox. Nothing was accepted, so nothing is lost."""

    def __init__(self, service: str) -> None:
        super().__init__(service, "its mailbox is full", retry_after_s=1.0)


class Crashed(Unavailable):
    """An actor crashed, and is being started again."""

    def __init__(self, actor: str, crash: BaseException) -> None:
        super().__init__(actor, f"it crashed: {crash!r}")


class DeadlineExceeded(Unavailable):
    """No answer within the deadline."""

    def __init__(self, service: str, timeout_s: float) -> None:
        super().__init__(service, f"no answer within {timeout_s:g} s", retry_after_s=1.0)
