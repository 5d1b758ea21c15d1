"""The sockets of staff: whoever has shown a session or a token of staff is checked once a second, and cut off.

What ends a right is many things: a sign-out, the end of a session's time, another role, a disabled person, a revoked
token. So nobody announces them; a credential is looked up again while a socket has it. That is one look-up a second
for each credential, however many sockets have it, and none while no staff watch. A check notes no use of a session, so
an open page keeps nobody signed in.

A credential that can't be checked for ten seconds counts as ended: deny by default.

Rejected: docs/decisions/0056.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet

import structlog
from websockets.frames import CloseCode

from gateway.live.messages import LiveRefusal, WatchFlow, WatchOrders, error
from gateway.live.metrics import READ_FAILURES
from gateway.live.ports import Connection
from gateway.live.settings import LiveSettings
from gateway.live.staff_lists import KEYS, StaffLists

ReadKeys = Callable[[str], Awaitable[AbstractSet[str] | None]]

UNAUTHORIZED = LiveRefusal("unauthorized", "Sign in, or show a token.")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class _Credential:
    """A session or a token of staff, and the sockets that have shown it."""

    __slots__ = ("checked_s", "connections", "is_proven", "token", "wanted")

    def __init__(self, token: str, now_s: float) -> None:
        self.token = token
        self.connections: set[Connection] = set()
        self.wanted: set[tuple[Connection, type[WatchFlow | WatchOrders]]] = set()  # Lists that wait for a check.
        self.is_proven = False
        self.checked_s = now_s  # When it was known to hold, or first shown.


class StaffSubscriptions:
    """The sockets that have shown a credential of staff."""

    def __init__(self, read_keys: ReadKeys | None, lists: StaffLists, settings: LiveSettings) -> None:
        """Begin without any.

        Args:
            read_keys: Returns the keys of a credential, None if it opens nothing. None: nobody here is staff.
            lists: What they may watch.
            settings: The bounds.
        """
        self._read_keys = read_keys
        self._lists = lists
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._credentials: dict[str, _Credential] = {}
        self._due: dict[_Credential, None] = {}
        self._work = asyncio.Event()
        self._recheck_s = self._loop.time()

    def show(self, client: Connection, token: str) -> None:
        """Note what a socket has shown, if it looks like a credential of staff.

        Raises:
            LiveRefusal: The socket has shown too many.
        """
        if self._read_keys is None or not token.startswith(self._settings.staff_marks) or token in client.shown:
            return
        if len(client.shown) >= self._settings.max_orders:
            raise LiveRefusal("too_many_orders", f"A client may show {self._settings.max_orders} tokens.")
        credential = self._credentials.setdefault(token, _Credential(token, self._loop.time()))
        credential.connections.add(client)
        client.shown |= {token}
        self._check_soon(credential)

    def watch(self, client: Connection, request: WatchFlow | WatchOrders) -> None:
        """Send a list to a socket, once its credential is found to have the key.

        Raises:
            LiveRefusal: The socket has shown no credential of staff, or too many.
        """
        token = request.token or client.staff
        self.show(client, token)
        if token not in client.shown:
            raise UNAUTHORIZED
        credential = self._credentials[token]
        credential.wanted.add((client, type(request)))
        self._check_soon(credential)

    def leave(self, client: Connection) -> None:
        """Forget a socket."""
        for token in client.shown:
            credential = self._credentials[token]
            credential.connections.discard(client)
            credential.wanted = {(one, what) for one, what in credential.wanted if one is not client}
            if not credential.connections:
                self._forget(credential)
        client.shown = frozenset()
        self._lists.leave(client)

    async def keep_checking(self) -> None:
        """Check each credential when it is shown, and then once a second, for ever."""
        while True:
            await self._wait_for_work()
            if self._loop.time() >= self._recheck_s:
                self._recheck_s = self._loop.time() + self._settings.staff_every_s
                self._due = dict.fromkeys(self._credentials.values())
            due, self._due = list(self._due), {}
            size = self._settings.staff_reads
            for first in range(0, len(due), size):
                async with asyncio.TaskGroup() as tasks:
                    for credential in due[first : first + size]:
                        tasks.create_task(self._check(credential))

    async def _wait_for_work(self) -> None:
        self._work.clear()
        if self._due:
            return
        try:
            async with asyncio.timeout_at(self._recheck_s if self._credentials else None):
                await self._work.wait()
        except TimeoutError:
            return

    async def _check(self, credential: _Credential) -> None:
        assert self._read_keys is not None, "nothing was noted without it"
        try:
            async with asyncio.timeout(self._settings.read_within_s):
                keys = await self._read_keys(credential.token)
        except Exception:  # Whatever the error: a right that has ended can't be told from one that holds.
            READ_FAILURES.labels("staff").inc()
            log.warning("live.staff_read_failed", exc_info=True)
            if self._loop.time() - credential.checked_s > self._settings.staff_unsure_s:
                _close(credential.connections, CloseCode.TRY_AGAIN_LATER, "the sign-in can't be checked")
            return
        credential.checked_s = self._loop.time()
        if keys is not None:
            self._prove(credential, keys)
        elif credential.is_proven:
            _close(credential.connections, CloseCode.POLICY_VIOLATION, "signed out")
        else:
            self._disprove(credential)

    def _prove(self, credential: _Credential, keys: AbstractSet[str]) -> None:
        """Admit those that wait, and cut off those that have lost the key of what they watch."""
        credential.is_proven = True
        wanted, credential.wanted = credential.wanted, set()
        for client, what in wanted:
            if (key := KEYS[what]) in keys:
                self._lists.admit(client, what, credential.token)
            else:
                client.send(error(LiveRefusal("forbidden", f"This takes the key {key}.")))
        _close(self._lists.without_key(credential.token, keys), CloseCode.POLICY_VIOLATION, "not allowed any more")

    def _disprove(self, credential: _Credential) -> None:
        """Forget a token that opens nothing; the sockets that have shown it stay, as anybody's."""
        for client, _ in credential.wanted:
            client.send(error(UNAUTHORIZED))
        for client in credential.connections:
            client.shown -= {credential.token}
        self._forget(credential)

    def _forget(self, credential: _Credential) -> None:
        self._due.pop(credential, None)
        if self._credentials.get(credential.token) is credential:  # And not a later one of the same token.
            del self._credentials[credential.token]

    def _check_soon(self, credential: _Credential) -> None:
        self._due[credential] = None
        self._work.set()


def _close(clients: Iterable[Connection], code: CloseCode, reason: str) -> None:
    for client in list(clients):
        client.close(code, reason)
