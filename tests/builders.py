"""Small pieces of a world for tests: a service over a database, offices with an officer each."""

import asyncio
from dataclasses import dataclass
from itertools import count

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, SeenBy
from app.services.access import SERVICE
from app.services.reference import ReferenceCache
from app.settings import Settings

NATION_ID = "01890000-0000-7000-8000-000000000001"
_numbers = count(1)


@dataclass
class Service:
    """The service layer over one database, with the event loop it lives in."""

    runner: asyncio.Runner
    database: Database
    reference: ReferenceCache

    @classmethod
    def over(cls, url: str) -> "Service":
        """Opens it; `close` when done."""
        runner = asyncio.Runner()
        database = Database(Settings.model_validate({"database_url": url, "pool_wait_seconds": 30}))
        reference = ReferenceCache(database)
        runner.run(database.open())
        runner.run(reference.start())
        return cls(runner, database, reference)

    @property
    def db(self) -> SeenBy:
        """The database as the service sees it at its own work."""
        return self.database.seen_by(SERVICE)

    def close(self) -> None:
        """Gives back connections and loop."""
        self.runner.run(self.reference.stop())
        self.runner.run(self.database.close())
        self.runner.close()


@dataclass(frozen=True)
class Office:
    """A regional office and an officer posted there."""

    unit_id: str
    officer_id: str
    path: str


_OFFICE = """
    INSERT INTO unit (code, level, parent_id, path, validity)
    VALUES (:code, 'regional', CAST(:nation AS uuid), :path, daterange('2009-01-01', NULL)) RETURNING id::text"""
_OFFICER = """
    WITH o AS (INSERT INTO officer (code, name) VALUES (:code, 'Trần Thị Minh Hạnh') RETURNING id)
    INSERT INTO officer_posting (officer_id, unit_id, rank, validity)
    SELECT id, CAST(:unit AS uuid), 'senior', daterange('2009-01-01', NULL) FROM o RETURNING officer_id::text"""
_NAME = """
    INSERT INTO unit_name (unit_id, name, validity)
    VALUES (CAST(:unit AS uuid), :name, daterange('2009-01-01', NULL))"""


async def offices(service: Service, number: int) -> list[Office]:
    """New offices, each with an officer; known to the service's reference data."""

    async def work(session: AsyncSession) -> list[Office]:
        return [await _office(session) for _ in range(number)]

    made = await service.db.write(work)
    await service.reference.reload()
    return made


async def _office(session: AsyncSession) -> Office:
    number = next(_numbers)
    code, path = f"T.{number:05}", f"vn.x{number:05}."
    unit = (await session.execute(text(_OFFICE), {"code": code, "nation": NATION_ID, "path": path})).scalar_one()
    await session.execute(text(_NAME), {"unit": unit, "name": f"Phòng THADS khu vực {number}"})
    officer = (await session.execute(text(_OFFICER), {"code": code, "unit": unit})).scalar_one()
    return Office(unit, officer, path)


async def colleague(service: Service, office: Office) -> str:
    """Another officer there; known to the service's reference data."""
    values = {"code": f"C.{next(_numbers):05}", "unit": office.unit_id}

    async def work(session: AsyncSession) -> str:
        return str((await session.execute(text(_OFFICER), values)).scalar_one())

    made = await service.db.write(work)
    await service.reference.reload()
    return made
