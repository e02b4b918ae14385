"""Writing batches with the help of other processes; the rows do not depend on how many there are."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from typing import Final

from app.services.demo.writer import Batch, Texts, Writer

# From so many cases on, other processes help; below, starting them takes longer than the work.
WORTH_HELP: Final = 60_000
MOST_HELPERS: Final = 4
AHEAD: Final = 3


def helpers_for(cases: int) -> int:
    """How many processes besides this one: the others' cores, because this one only passes text on."""
    if cases < WORTH_HELP:
        return 0
    return min(MOST_HELPERS, len(os.sched_getaffinity(0)) - 1)


def written(batches: Iterable[Batch], scale: float, seed: int, helpers: int) -> Iterator[Texts]:
    """The text of every batch, in order; never more than a few batches in memory."""
    if helpers == 0:
        writer = Writer(scale, seed)
        yield from map(writer.write, batches)
        return
    with ProcessPoolExecutor(helpers, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[Texts]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(_write, batch, scale, seed))
                if len(waiting) > helpers * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@lru_cache(maxsize=1)
def _writer(scale: float, seed: int) -> Writer:
    return Writer(scale, seed)


def _write(batch: Batch, scale: float, seed: int) -> Texts:
    return _writer(scale, seed).write(batch)
