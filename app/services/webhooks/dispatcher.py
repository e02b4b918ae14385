"""Delivers what is due: one request after the other for each subscription, many subscriptions at once.

Whoever is slow takes one of many turns, for a while; then others are first. The database is used by two turns at a
time, so that requests of callers find connections, and never while a receiver is being waited for.
"""

import asyncio
from contextlib import suppress
from functools import partial
from random import random
from time import monotonic, time
from typing import Any, Final
from uuid import uuid4

import orjson
import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import func

from app import tasks
from app.db import Database
from app.errors import DomainError
from app.models.webhooks import webhook
from app.services.access import SERVICE
from app.services.changes.queries import read_head, read_page
from app.services.changes.rules import Place, View
from app.services.reference import ReferenceCache
from app.services.webhooks import queries, rules
from app.services.webhooks.leases import NOTHING, Attempt, Held, give_back, later, move, passed, take
from app.services.webhooks.rules import Event
from app.services.webhooks.sending import Answer, Sender
from app.services.webhooks.signing import Keyring

LOOK_SECONDS: Final = 1.0
TURNS: Final = 64
TAKEN_AT_ONCE: Final = 8
"""By one look, so that the workers share what there is."""

TURN_SECONDS: Final = 20.0
AT_THE_DATABASE: Final = 2
PAGE: Final = 50

_attempts: Final = Counter("thads_webhook_attempts", "Attempts to deliver an event", ("outcome",))
_seconds: Final = Histogram("thads_webhook_seconds", "Time an attempt took", buckets=(0.05, 0.2, 0.5, 1, 2, 5, 10, 15))
_alerts: Final = Counter("thads_webhook_alerts", "Subscriptions that began to fail: an event was given up")
_log: Final = structlog.get_logger("webhooks")


class Dispatcher:
    """One per worker."""

    def __init__(self, db: Database, reference: ReferenceCache) -> None:
        self._db, self._reference = db, reference
        self._own = db.seen_by(SERVICE)
        self.sender, self.keys = Sender(db.settings), Keyring(db.settings)
        self._holder = str(uuid4())
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._at_the_database = asyncio.Semaphore(AT_THE_DATABASE)
        self._look_again = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Delivers from now on."""
        self._looking = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Breaks off what is under way: it is sent again by whoever goes on, with the same id."""
        await tasks.end(task for task in (self._looking, *self._turns.values()) if task is not None)
        with suppress(DomainError):
            await self._own.write(partial(give_back, holder=self._holder))
        await self.sender.close()

    async def _keep_looking(self) -> None:
        while True:
            self._look_again.clear()
            try:
                while await self._look() == TAKEN_AT_ONCE:
                    pass
            except DomainError:
                _log.warning("webhooks are not delivered yet")
            except Exception:  # whatever it was, the next look may go right, and this worker would make no other
                _log.exception("looking for webhooks failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._look_again.wait()

    async def _look(self) -> int:
        """Takes what may be delivered, as far as there are turns; how many that were."""
        most = min(TAKEN_AT_ONCE, TURNS - len(self._turns))
        if most <= 0:
            return 0
        async with self._at_the_database:
            ids = await queries.waiting(self._own, rules.SCOPE, list(self._turns), most)
            if not ids:
                return 0
            taken = await self._own.write(partial(take, holder=self._holder, ids=ids))
        for held in taken:
            self._turns[held.id] = asyncio.create_task(self._turn(held))
        return len(taken)

    async def _turn(self, held: Held) -> None:
        """Delivers for a while; an error leaves the subscription alone until the lease is over."""
        try:
            until = monotonic() + TURN_SECONDS
            going: Held | None = held
            while going is not None and monotonic() < until:
                going = await self._step(going)
            async with self._at_the_database:
                await self._own.write(partial(give_back, holder=self._holder, webhook_id=held.id))
            if going is not None or len(self._turns) >= TURNS:
                self._look_again.set()
        except DomainError:
            _log.warning("a webhook is not delivered yet", webhook=held.id)
        except Exception:  # it must not end the turns of others
            _log.exception("delivering a webhook failed", webhook=held.id)
        finally:
            self._turns.pop(held.id, None)

    async def _step(self, held: Held) -> Held | None:
        """The test event, or the notice, or a page of changes; None when there is no more to do now."""
        if held.test_id is not None:
            return await self._test(held, held.test_id)
        view = self._view(held)
        if view is None:
            return None
        if held.notice is None and view.digest != held.view:
            return await self._notice(held, "view-changed", {"view": view.digest})
        if held.notice is not None:
            event = rules.reset_event(self._source, held.id, held.notice, str(held.notice_id))
            return await self._deliver(held, event, {"notice": None, "notice_id": None})
        return await self._page(held, view)

    async def _test(self, held: Held, test_id: str) -> Held | None:
        """One attempt, whatever comes of it; where it arrives, what waits is tried at once."""
        event = rules.ping_event(self._source, held.id, test_id)
        answer = await self._send(held, event)
        arrived = answer.is_success
        attempt = _attempt(event, 1, "delivered" if arrived else "failed", answer, None)
        await self._move(held, {"test_id": None, **({"due_at": func.now()} if arrived else {})}, attempt)
        return None

    async def _page(self, held: Held, view: View) -> Held | None:
        page, lineages = await self._read(held, view)
        if page is None:
            return await self._lost(held)
        for change in page.changes():
            position = change["position"]
            if not held.takes_in(position):
                break
            now = self._view(held)
            if now is None or now.digest != held.view:
                return held
            mark = rules.mark_of(lineages, position)
            event = rules.change_event(self._source, held.id, mark, change)
            going = await self._deliver(held, event, passed(held, Place(page.upto.mark, position)))
            if going is None or not going.goes_on_as(held):
                return going
            held = going
        return await self._advance(held, page.upto, more=page.more)

    async def _read(self, held: Held, view: View) -> Any:
        """The next page of changes as the client sees them, and the lineages of the feed."""
        caller = self._reference.current.clients[held.client_id].caller
        db = self._db.seen_by(self._reference.current.context(caller))
        async with self._at_the_database:
            lineages = await queries.lineages(self._own)
            mark = lineages[0][0] if held.replay and lineages else held.place.mark
            return await read_page(db, view, Place(mark, held.first - 1), PAGE), lineages

    async def _advance(self, held: Held, upto: Place, *, more: bool) -> Held | None:
        if not held.replay and upto == held.place:
            return None
        going = await self._move(held, passed(held, upto))
        return going if more or held.replay else None

    async def _lost(self, held: Held) -> Held | None:
        """What follows is not kept any more, or a restore took it: goes on with what comes after a notice."""
        if held.replay:
            return await self._move(held, {"replay": NOTHING})
        async with self._at_the_database:
            end = (await read_head(self._own)).place
        return await self._notice(held, "changes-lost", {"mark": end.mark, "position": end.position})

    async def _notice(self, held: Held, notice: str, values: dict[str, Any]) -> Held | None:
        return await self._move(held, {**values, "notice": notice, "notice_id": func.uuidv7(), "attempts": 0})

    async def _deliver(self, held: Held, event: Event, done: dict[str, Any]) -> Held | None:
        """One attempt; `done` is what holds when nothing more is to be done about this event."""
        answer = await self._send(held, event)
        number = held.attempts + 1
        if answer.is_success:
            values = {**done, "attempts": 0, "failing_since": None}
            return await self._move(held, values, _attempt(event, number, "delivered", answer, None))
        if answer.status == rules.GONE:
            gone = _attempt(event, number, "retry", answer, None)
            return await self._move(held, {"state": "gone", "attempts": number}, gone)
        wait = rules.wait_after(number, self._db.settings.webhook_retry_seconds, answer.asked, random())  # noqa: S311
        if wait is not None:
            retry = _attempt(event, number, "retry", answer, wait)
            await self._move(held, {"attempts": number, "due_at": later(wait)}, retry)
            return None
        values = {**done, "attempts": 0, "failing_since": func.coalesce(webhook.c.failing_since, func.now())}
        going = await self._move(held, values, _attempt(event, number, "failed", answer, None))
        if going is not None and not held.failing:
            _alerts.inc()
            _log.error("a webhook fails: an event was given up", webhook=held.id, client=held.client_id)
        return going

    async def _send(self, held: Held, event: Event) -> Answer:
        body, at = orjson.dumps(event.content), int(time())
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "THADS-Webhooks/1",
            "webhook-id": event.id,
            "webhook-timestamp": str(at),
            "webhook-signature": self.keys.signed(held.id, held.signature, held.keys, event.id, at, body),
        }
        answer = await self.sender.post(held.url, headers, body)
        _seconds.observe(answer.seconds)
        return answer

    async def _move(self, held: Held, values: dict[str, Any], attempt: Attempt | None = None) -> Held | None:
        async with self._at_the_database:
            work = partial(move, holder=self._holder, held=held, values=values, attempt=attempt)
            going = await self._own.write(work)
        if attempt is not None:
            _attempts.labels(attempt.outcome).inc()
        return going

    def _view(self, held: Held) -> View | None:
        """What the client is sent at this moment; None when it is nobody any more."""
        reference = self._reference.current
        client = reference.clients.get(held.client_id)
        if client is None or client.disabled or rules.SCOPE not in client.caller.scopes:
            return None
        path = None if held.unit_id is None else reference.units[held.unit_id].path
        return rules.followed(client.caller, held.kinds, path)

    @property
    def _source(self) -> str:
        return self._db.settings.issuer


def _attempt(event: Event, number: int, outcome: str, answer: Answer, wait: float | None) -> Attempt:
    duration = int(answer.seconds * 1000)
    return Attempt(event.id, event.type, number, outcome, answer.status, answer.error, duration, wait)
