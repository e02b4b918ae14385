"""What the database layer does with tasks that are cancelled."""

import asyncio

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.builders import Service


def test_a_cancelled_task_ends_though_its_connection_broke(service: Service) -> None:
    """The driver may raise that the connection is gone in place of the cancellation."""

    async def broken(_: AsyncSession) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise psycopg.OperationalError("the connection is gone") from None

    async def cancelled() -> None:
        task = asyncio.create_task(service.db.write(broken))
        await asyncio.sleep(0.2)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        service.runner.run(cancelled())
