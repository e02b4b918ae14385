"""Waiting for changes: who is woken, who sleeps on, and what it costs the database."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import SeenBy
from app.services import journal
from app.services.access import Actor
from app.services.changes.feed import BELIEVED_SECONDS, Feed
from app.services.changes.queries import Page
from app.services.changes.rules import Place, View
from tests.services.changes.storm import TABLES, Worker, resting, view, worker

LONG: Final = 10.0
SOON: Final = 3.0


def over(url: str, workers: int, work: Callable[..., Awaitable[None]]) -> None:
    """Runs `work` with so many workers over the database."""

    async def opened() -> None:
        async with AsyncExitStack() as stack:
            await work(*[await stack.enter_async_context(worker(url)) for _ in range(workers)])

    asyncio.run(opened())


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    made = fresh_database()
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    return made


async def change(db: SeenBy, unit: int = 1, thing: str = "thing-1", version: int = 1) -> None:
    """One change, committed."""

    async def work(session: AsyncSession) -> None:
        await journal.record(
            session,
            subject="officer",
            subject_id=thing,
            unit_id=f"0197c0de-0000-7000-8000-00000000000{unit}",
            version=version,
            action="changed",
            actor=Actor("tests"),
        )

    await db.write(work)


async def waits(
    serving: Worker, place: Place | None, who: View | None = None, seconds: float = LONG
) -> tuple[Page, float]:
    """The page a waiting caller gets, and after how long."""
    began = time.monotonic()
    page = await serving.feed.changes(serving.db, who or view(), place, 10, seconds, resting)
    assert page is not None
    return page, time.monotonic() - began


async def waiting(feed: Feed, *callers: Any) -> list["asyncio.Task[tuple[Page, float]]"]:
    """Callers that have begun to wait."""
    tasks = [asyncio.create_task(caller) for caller in callers]
    async with asyncio.timeout(LONG):
        while feed.waiting < len(tasks):  # noqa: ASYNC110 - the feed tells nobody who waits
            await asyncio.sleep(0.01)
    return tasks


def test_who_waits_is_woken_by_a_commit_of_any_worker(url: str) -> None:
    async def work(one: Worker, two: Worker) -> None:
        for writer in (one.db, two.db):
            (task,) = await waiting(one.feed, waits(one, await one.feed.end()))
            await change(writer)
            page, seconds = await task
            assert [one["id"] for one in page.changes()] == ["thing-1"]
            assert seconds < SOON

    over(url, 2, work)


def test_who_waits_learns_of_what_no_worker_committed(url: str) -> None:
    async def work(one: Worker) -> None:
        async with worker(url) as other:
            other.database.on_change(lambda: None)
            (task,) = await waiting(one.feed, waits(one, await one.feed.end()))
            await change(other.db)
            page, seconds = await task
            assert page.number == 1
            assert seconds < SOON

    over(url, 1, work)


def test_changes_elsewhere_wake_nobody_and_the_place_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(one: Worker) -> None:
        start = await one.feed.end()
        (task,) = await waiting(one.feed, waits(one, start, view(2), seconds=1))
        monkeypatch.setattr("app.services.changes.feed.read_page", _never)
        await change(one.db, unit=1)
        page, seconds = await task
        assert seconds >= 1
        assert page.number == 0
        assert page.upto == await one.feed.end() != start

    over(url, 1, work)


async def _never(*_: Any) -> Any:
    raise AssertionError("the database was asked")


def test_a_poll_at_the_end_costs_the_database_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(one: Worker) -> None:
        await change(one.db)
        page, _ = await waits(one, None)
        monkeypatch.setattr("app.services.changes.feed.read_page", _never)
        for _ in range(100):
            again, _ = await waits(one, page.upto, seconds=0)
            assert (again.number, again.upto, again.more) == (0, page.upto, False)

    over(url, 1, work)


def test_memory_is_not_believed_when_nothing_was_heard_for_long(url: str) -> None:
    async def work(one: Worker) -> None:
        end = await one.feed.end()
        await one.feed.stop()
        one.feed._heard_at -= BELIEVED_SECONDS
        await change(one.db)
        async with worker(url):
            page, _ = await waits(one, end)
        assert page.number == 1

    over(url, 1, work)


def test_an_announcement_that_follows_on_none_known_wakes_everybody(url: str) -> None:
    """Somebody missed the one before, which may have concerned anybody."""

    async def work(one: Worker) -> None:
        await one.feed.stop()
        end = await one.feed.end()
        tasks = await waiting(one.feed, *(waits(one, end, view(unit), seconds=0.5) for unit in (1, 2)))
        first, second = one.feed._waiters
        one.feed._learn(Place(end.mark, end.position + 1), end.position, ["vn.s9."])
        assert not first.woken.is_set()
        one.feed._learn(Place(end.mark, end.position + 3), end.position + 2, ["vn.s9."])
        assert first.woken.is_set()
        assert second.woken.is_set()
        await asyncio.gather(*tasks, return_exceptions=True)

    over(url, 1, work)


def test_an_older_announcement_moves_nobody_back(url: str) -> None:
    async def work(one: Worker) -> None:
        await one.feed.stop()
        for _ in range(3):
            await change(one.db)
        await one.feed._round()
        ahead = await one.feed.end()
        one.feed._look_at(Place(ahead.mark, 1))  # this worker has not heard of all yet
        (task,) = await waiting(one.feed, waits(one, ahead, view(2), seconds=0.3))
        one.feed._learn(Place(ahead.mark, 2), 1, ["vn.s1."])
        page, _ = await task
        assert page.upto == ahead

    over(url, 1, work)


def test_when_the_service_ends_nobody_waits(url: str) -> None:
    async def work(one: Worker) -> None:
        end = await one.feed.end()
        tasks = await waiting(one.feed, *(waits(one, end) for _ in range(5)))
        one.feed.close()
        for page, seconds in await asyncio.gather(*tasks):
            assert page.number == 0
            assert seconds < SOON
        page, seconds = await waits(one, end)
        assert seconds < SOON

    over(url, 1, work)


def test_there_is_an_end_to_how_many_may_wait(url: str) -> None:
    async def work(one: Worker) -> None:
        one.feed._most = 2
        end = await one.feed.end()
        tasks = await waiting(one.feed, *(waits(one, end) for _ in range(2)))
        page, seconds = await waits(one, end)
        assert page.number == 0
        assert seconds < SOON
        one.feed.close()
        await asyncio.gather(*tasks)

    over(url, 1, work)


def test_who_leaves_is_forgotten(url: str) -> None:
    async def work(one: Worker) -> None:
        (task,) = await waiting(one.feed, waits(one, await one.feed.end()))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert one.feed.waiting == 0

    over(url, 1, work)


def test_five_hundred_partners_wait_without_a_connection(url: str) -> None:
    """While they wait nothing of them is seen in the database; one change wakes all it concerns, and these alone."""

    async def work(one: Worker) -> None:
        end = await one.feed.end()
        concerned = [waits(one, end, view(1)) for _ in range(250)]
        others = [waits(one, end, view(2), seconds=4) for _ in range(250)]
        tasks = await waiting(one.feed, *concerned, *others)
        await asyncio.sleep(0.3)
        with psycopg.connect(url) as connection:
            sql = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            states = [row[0] for row in connection.execute(sql)]
        assert set(states) == {"idle"}
        assert len(states) <= 4  # one that listens, those that numbered and looked
        await change(one.db, unit=1)
        for page, _ in await asyncio.gather(*tasks[:250]):
            assert page.number == 1
        assert one.feed.waiting == 250
        one.feed.close()
        await asyncio.gather(*tasks)

    over(url, 1, work)
