"""The feed of one worker: has committed changes numbered, knows how far the feed goes, wakes who waits for more.

Whoever waits does so here, in memory: one connection listens for all of them, and those whose units an announcement
does not name sleep on.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import Final

import structlog

from app import tasks
from app.db import Database, Reads
from app.errors import DomainError
from app.services.access import SERVICE
from app.services.changes.commands import CHANNEL, number
from app.services.changes.queries import NONE, Page, read_head, read_page
from app.services.changes.rules import Place, View, concerns

# What no worker of this service committed (an operator, another release) is found by looking.
LOOK_SECONDS: Final = 1.0
# Between two rounds, so that a busy worker numbers many changes at once and wakes waiters no oftener.
PAUSE_SECONDS: Final = 0.05
LISTENING_WITHIN_SECONDS: Final = 10
# Without any word from the database for so long, memory is not believed any more.
BELIEVED_SECONDS: Final = 5.0

Resting = Callable[[], AbstractAsyncContextManager[None]]
"""What a request enters while it only waits."""

_log: Final = structlog.get_logger("feed")


@dataclass(eq=False, slots=True)
class _Waiter:
    view: View
    place: Place
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """One per worker."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._own = db.seen_by(SERVICE)
        self._most = db.settings.max_polling
        self._head = Place(0, 0)
        self._heard_at = float("-inf")
        self._committed = asyncio.Event()
        self._listening = asyncio.Event()
        self._waiters: set[_Waiter] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many requests wait for changes."""
        return len(self._waiters)

    async def start(self) -> None:
        """Numbers what was left waiting; from then on follows the feed."""
        await self._round(everything=True)
        self._db.on_change(self._committed.set)
        listening = asyncio.create_task(self._db.listen(CHANNEL, self._heard))
        self._tasks = [listening, asyncio.create_task(self._keep_numbering())]
        await asyncio.wait_for(self._listening.wait(), LISTENING_WITHIN_SECONDS)

    async def stop(self) -> None:
        """Ends what `start` began."""
        await tasks.end(self._tasks)

    def close(self) -> None:
        """Lets nobody wait any longer: the service is about to end."""
        self._closing = True
        for waiter in self._waiters:
            waiter.woken.set()

    async def end(self) -> Place:
        """Where the feed ends now."""
        if not self._is_believed():
            self._look_at((await read_head(self._own)).place)
        return self._head

    async def changes(
        self, db: Reads, view: View, after: Place | None, limit: int, wait_seconds: float, resting: Resting
    ) -> Page | None:
        """The next changes of a view after a place, or from the oldest kept; None when the place is lost.

        `db` is the database as the caller sees it. Where there are none it waits for some; a caller who is at the end
        already costs the database nothing.
        """
        until = monotonic() + wait_seconds
        while True:
            known = self._head
            if after is not None and after == known and self._is_believed():
                page: Page | None = Page(NONE, 0, after, more=False)
            else:
                page = await read_page(db, view, after, limit)
            left = until - monotonic()
            if page is None or page.number or left <= 0 or self._closing or len(self._waiters) >= self._most:
                return page
            after = page.upto
            if not page.more and self._head == known:  # else there was an announcement while we were reading
                after = await self._next(view, page.upto, left, resting)

    async def _next(self, view: View, place: Place, seconds: float, resting: Resting) -> Place:
        """Waits for an announcement that concerns the view; the place up to which there is nothing for it."""
        waiter = _Waiter(view, place)
        self._waiters.add(waiter)
        try:
            async with resting():
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await waiter.woken.wait()
        finally:
            self._waiters.discard(waiter)
        return waiter.place

    def _is_believed(self) -> bool:
        return monotonic() - self._heard_at < BELIEVED_SECONDS

    async def _keep_numbering(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._committed.wait()
            try:
                await self._look()
            except DomainError:
                _log.warning("changes are not numbered yet")
            except Exception:  # whatever it was, the next round may go right, and this worker would run no other
                _log.exception("numbering changes failed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self) -> None:
        if not self._committed.is_set():
            head = await read_head(self._own)
            self._look_at(head.place)
            if not head.waiting:
                return
        self._committed.clear()
        await self._round()

    async def _round(self, *, everything: bool = False) -> None:
        done = await self._own.write(partial(number, everything=everything))
        if done is None or done.more:  # another round may have begun before our last change was committed
            self._committed.set()
        if done is not None and done.changes:
            self._learn(done.head, done.head.position - done.changes, done.paths)

    async def _heard(self, what: str | None) -> None:
        if what is None:
            self._look_at((await read_head(self._own)).place)
            self._listening.set()
            return
        told = json.loads(what)
        self._learn(Place(told["mark"], told["position"]), told["position"] - told["changes"], told["paths"])

    def _look_at(self, head: Place) -> None:
        """Takes note of the end of the feed as the database has it; after a failover it may lie before the one known.

        What came since the one known may be anything.
        """
        self._heard_at = monotonic()
        if head != self._head:
            self._head = head
            for waiter in self._waiters:
                waiter.woken.set()

    def _learn(self, head: Place, since: int, paths: Sequence[str] | None) -> None:
        """Takes note of an announcement: changes after position `since`, up to the new end, in units at these paths.

        Wakes those who may see something of it. Where announcements before it were missed, that is everybody.
        """
        self._heard_at = monotonic()
        if head.mark == self._head.mark and head.position <= self._head.position:
            return
        missed = self._head != replace(head, position=since)
        self._head = head
        for waiter in self._waiters:
            if missed or concerns(paths, waiter.view):
                waiter.woken.set()
            elif not waiter.woken.is_set():
                waiter.place = replace(head, position=max(head.position, waiter.place.position))
