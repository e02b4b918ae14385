"""Tasks end when they are told to, also those that do not listen the first time."""

import asyncio
from contextlib import suppress

from app import tasks


def test_a_task_that_swallows_a_cancellation_ends_all_the_same() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def failing() -> None:
        raise ValueError

    async def run() -> list[bool]:
        begun = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
        await asyncio.sleep(0)
        await tasks.end(begun)
        return [task.done() for task in begun]

    assert asyncio.run(asyncio.wait_for(run(), 20)) == [True, True]
