"""Ending tasks that run beside requests."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN_SECONDS: Final = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks until all have ended, whatever they ended with.

    Once is not always enough: before Python 3.12 a wait with a time limit swallows a cancellation that comes in the
    moment in which it is over (`asyncio.wait_for`, which the pool of connections waits by).
    """
    ending = list(tasks)
    pending = set(ending)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
    await asyncio.gather(*ending, return_exceptions=True)  # or their errors would be reported as never looked at
