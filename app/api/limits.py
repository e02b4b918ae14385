"""How much one caller may ask, and how much a worker takes on at once; the rest is refused before it costs anything.

A quota is a bucket (GCRA): `burst` requests at once, refilled at `rate` a second. Each worker keeps its own buckets and
gives its share of the quota, so that no request waits for another machine. A client's quota is counted once its token
holds; whoever comes without one is counted, loosely, by address.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_address
from typing import Any, Final

from starlette.types import Scope

from app.errors import Busy, TooManyRequests
from app.settings import Settings

QUOTA: Final = "thads.quota"
MAX_ADDRESSES: Final = 10_000
# strangers get a part of the turns, so that they cannot keep clients out
STRANGERS_SHARE: Final = 4
_ROUNDING: Final = 1e-6


class Quota:
    """Buckets of one kind, by key. What is kept of each is when it would be full again.

    `window` are the seconds in which an empty bucket fills.
    """

    __slots__ = ("_burst", "_full", "_most", "_name", "_policy", "_step", "window")

    def __init__(self, name: str, rate: float, burst: int, workers: int, most: int | None = None) -> None:
        self._burst = max(1, burst // workers)
        self._step = workers / rate  # seconds that one request takes to refill
        self.window = self._burst * self._step
        self._most = most
        self._name = name.encode()
        self._policy = b'"%s";q=%d;w=%d' % (self._name, self._burst, math.ceil(self.window))
        self._full: dict[Any, float] = {}

    def take(self, key: Any) -> float:
        """Counts a request: how many seconds until the bucket is full; `TooManyRequests` when it is empty."""
        now = time.monotonic()
        until = self._full.get(key, 0.0) - now
        used = (until if until > 0 else 0.0) + self._step
        if used > self.window + _ROUNDING:
            raise TooManyRequests(headers={"Retry-After": str(math.ceil(used - self.window))})
        if self._most is not None and key not in self._full and len(self._full) >= self._most:
            self._forget(now)
        self._full[key] = now + used
        return used

    def fields(self, used: float) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) after `take`."""
        left = int((self.window - used) / self._step + _ROUNDING)
        state = b'"%s";r=%d;t=%d' % (self._name, left, math.ceil(used))
        return [(b"ratelimit-policy", self._policy), (b"ratelimit", state)]

    def _forget(self, now: float) -> None:
        """Drops full buckets; where none is full, the older half: a flood of addresses must not fill the memory."""
        self._full = {key: full for key, full in self._full.items() if full > now}
        for key in list(self._full)[: len(self._full) // 2 if len(self._full) >= (self._most or 0) else 0]:
            del self._full[key]


class Gate:
    """`async with gate`: a turn to work. So many at once, so many waiting, none of them long; the rest get 503."""

    def __init__(self, at_work: int, waiting: int, patience_seconds: float) -> None:
        self.waiting = 0
        self._turns = asyncio.Semaphore(at_work)
        self._most = waiting
        self._patience = patience_seconds

    async def __aenter__(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        if self.waiting >= self._most:
            raise _busy()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self.waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Gives the turn back while the request only waits for something to happen; takes another one afterwards.

        For that it waits as long as need be: it was let in already.
        """
        self._turns.release()
        try:
            yield
        finally:
            await self._turns.acquire()


class Limits:
    """The quotas and gates of one worker."""

    def __init__(self, settings: Settings) -> None:
        workers, at_work, waiting = settings.workers, settings.max_at_work, settings.max_waiting
        patience = settings.pool_wait_seconds
        self._clients = Quota("client", settings.client_rate, settings.client_burst, workers)
        self._addresses = Quota("address", settings.address_rate, settings.address_burst, workers, MAX_ADDRESSES)
        a_minute = settings.party_searches_per_minute
        self._searches = Quota("party-search", a_minute / 60, a_minute, workers)
        self._guarded = Gate(at_work, waiting, patience)
        self._open = Gate(math.ceil(at_work / STRANGERS_SHARE), waiting // STRANGERS_SHARE, patience)
        self.exports = Gate(settings.exports_at_once, waiting, patience)

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return self._guarded.waiting + self._open.waiting

    def client(self, scope: Scope, client_id: str) -> None:
        """Counts a request of a client that has proved who it is; the answer will say what is left."""
        scope[QUOTA] = []
        _count(scope, self._clients, client_id)

    def party_search(self, scope: Scope, client_id: str) -> None:
        """Counts a search by identity number, besides: few are needed at work, many would be fishing."""
        _count(scope, self._searches, client_id)

    def stranger(self, scope: Scope) -> None:
        """Counts a request without a valid token by its address."""
        client = scope.get("client")
        self._addresses.take(_network(client[0]) if client else "")

    def resting(self) -> AbstractAsyncContextManager[None]:
        """Where a request with a token may wait for something to happen without keeping others out."""
        return self._guarded.resting()

    def turn(self, scope: Scope, *, guarded: bool) -> Gate:
        """The gate to pass before an operation begins; what needs no token is counted by address here."""
        if guarded:
            return self._guarded
        self.stranger(scope)
        return self._open


def _count(scope: Scope, quota: Quota, key: str) -> None:
    """Takes from the quota and adds what is left of it to what the answer will say."""
    try:
        used = quota.take(key)
    except TooManyRequests:
        scope[QUOTA] += quota.fields(quota.window)
        raise
    scope[QUOTA] += quota.fields(used)


def _network(address: str) -> str | bytes:
    """IPv4 addresses as they are; of IPv6 the /64, which one caller may have all of."""
    return ip_address(address.partition("%")[0]).packed[:8] if ":" in address else address


def _busy() -> Busy:
    return Busy(headers={"Retry-After": "1"})
