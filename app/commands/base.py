"""What commands share: the database of the settings or the embedded one, and who the operator is in the trail."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app import preflight
from app.db import Database, SeenBy
from app.embedded import Embedded, InUse
from app.preflight import ROOT
from app.services.access import SERVICE, Actor
from app.settings import Settings

T = TypeVar("T")

DIFFERENT: Final = 1
OPERATOR: Final = Actor(client_id="operator", source="person")


def data_folder() -> Path:
    """Where the embedded database and the keys of development are."""
    return Path(os.environ.get("THADS_DATA") or ROOT / ".data").absolute()


@contextmanager
def database(*, attach: bool = True) -> Iterator[Embedded | None]:
    """Sees to it that THADS_DATABASE_URL names a database, an embedded one if need be.

    `attach`: work beside a running service that owns the embedded one.
    """
    if os.environ.get("THADS_DATABASE_URL"):
        yield None
        return
    server = Embedded(data_folder() / "postgres")
    try:
        url = server.start()
    except InUse:
        if not attach:
            raise
        url = server.attach()
    try:
        os.environ["THADS_DATABASE_URL"] = url
        yield server
    finally:
        server.stop()
        for name in ("THADS_DATABASE_URL", "THADS_OWNER_URL"):
            os.environ.pop(name, None)


async def with_database(settings: Settings, work: Callable[[SeenBy], Awaitable[T]]) -> T:
    """Runs `work` with the database open."""
    db = Database(settings)
    await db.open()
    try:
        return await work(db.seen_by(SERVICE))
    finally:
        await db.close()


def on_database(work: Callable[[SeenBy], Awaitable[T]]) -> T:
    """Runs `work` as the owner of the migrated database of the settings, or of the embedded one."""
    with database():
        settings = preflight.read_settings().of_owner()
        preflight.require_schema(settings)
        return asyncio.run(with_database(settings, work))


def change(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Runs `work` as one transaction on that database."""
    return on_database(lambda db: db.write(work))
