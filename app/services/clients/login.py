"""Clients prove who they are by their secret; guessing is slow, counted and never takes the machine down."""

import asyncio
import time
from collections import deque
from typing import Final

from app.errors import Busy, TooManyRequests
from app.services.clients.rules import NO_SECRET, secret_matches
from app.services.reference import Client, Reference

MAX_FAILURES: Final = 10
WINDOW_SECONDS: Final = 60
# each comparison holds 16 MiB and a core for tens of milliseconds
AT_ONCE: Final = 2
MAX_WAITING: Final = 16
_MAX_TRACKED: Final = 4096


class TooManyFailures(TooManyRequests):
    """Too many wrong secrets from one address for one client; later tries are refused unheard for a minute."""

    code = "too-many-failures"
    title = {"en": "Too many failed attempts", "vi": "Quá nhiều lần thử sai"}


class Login:
    """Checks secrets, in threads, a few at a time."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._failures: dict[tuple[str, str], deque[float]] = {}

    async def check(self, reference: Reference, client_id: str, secret: str, address: str) -> Client | None:
        """The client when the secret is its own; None otherwise, after the same time."""
        failures = self._recent_failures(client_id, address)
        if len(failures) >= MAX_FAILURES:
            raise TooManyFailures(headers={"Retry-After": str(WINDOW_SECONDS)})
        if self._waiting >= MAX_WAITING:
            raise Busy(headers={"Retry-After": "1"})
        client = reference.clients.get(client_id)
        self._waiting += 1
        try:
            async with self._gate:
                right = await asyncio.to_thread(_matches_one, secret, _hashes(client))
        finally:
            self._waiting -= 1
        if client is None or client.disabled or not right:
            failures.append(time.monotonic())
            return None
        return client

    def _recent_failures(self, client_id: str, address: str) -> deque[float]:
        key = (client_id[:64], address)
        if key not in self._failures and len(self._failures) >= _MAX_TRACKED:
            self._failures.pop(next(iter(self._failures)))
        failures = self._failures.setdefault(key, deque(maxlen=MAX_FAILURES))
        while failures and failures[0] < time.monotonic() - WINDOW_SECONDS:
            failures.popleft()
        return failures


def _hashes(client: Client | None) -> tuple[str, str]:
    """The hashes that count now, always two, so that an answer does not tell by its time how many there are."""
    if client is None:
        return NO_SECRET, NO_SECRET
    old = client.old_secret_hash if client.old_secret_until > time.time() else None
    return client.secret_hash or NO_SECRET, old or NO_SECRET


def _matches_one(secret: str, hashes: tuple[str, str]) -> bool:
    return any(secret_matches(secret, stored) for stored in hashes)
