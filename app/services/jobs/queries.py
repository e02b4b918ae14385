"""Reading jobs; each caller has its own."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from app.db import Reads, Row
from app.services.access import Caller
from app.services.jobs.rules import AT_WORK, COUNTS, Job

COLUMNS: Final = f"id::text, kind, state, reason, chunks, chunks_done, {', '.join(COUNTS)}, recorded_at, touched_at"
"""The projection of a job."""
_RESULTS_AT_ONCE: Final = 8


_OWN: Final = "client_id = %(client)s AND person IS NOT DISTINCT FROM %(person)s::text"


def _own(caller: Caller) -> dict[str, Any]:
    return {"client": caller.client_id, "person": caller.person.id if caller.person else None}


async def list_jobs(db: Reads, caller: Caller, before: str | None, limit: int) -> list[Row]:
    """At most `limit` jobs of a caller, newest first, older than the job with the id `before`."""
    older = "AND id < %(before)s::uuid" if before else ""
    sql = f"SELECT {COLUMNS} FROM job WHERE {_OWN} {older} ORDER BY id DESC LIMIT %(limit)s"
    parameters = {**_own(caller), "limit": limit}
    return await db.fetch(sql, {**parameters, "before": before} if before else parameters)


async def read_job(db: Reads, caller: Caller, job_id: str) -> Row | None:
    """One job of a caller: of the client, or of the person it acts for."""
    sql = f"SELECT {COLUMNS} FROM job WHERE {_OWN} AND id = %(id)s::uuid"
    return await db.fetch_one(sql, {**_own(caller), "id": job_id})


async def read_result(db: Reads, caller: Caller, job_id: str) -> tuple[str, str, dict[str, Any]] | None:
    """Kind and state of a job of the caller, and what it was begun with."""
    sql = f"SELECT kind, state, options FROM job WHERE {_OWN} AND id = %(id)s::uuid"
    row = await db.fetch_one(sql, {**_own(caller), "id": job_id})
    return None if row is None else (row[0], row[1], row[2])


async def results(db: Reads, job_id: str) -> AsyncGenerator[bytes]:
    """What became of every line so far, in their order, a few pieces at a time."""
    last = -1
    sql = """SELECT no, result FROM job_chunk WHERE job_id = %s::uuid AND no > %s AND result IS NOT NULL
        ORDER BY no LIMIT %s"""
    while rows := await db.fetch(sql, (job_id, last, _RESULTS_AT_ONCE)):
        for number, result in rows:
            last = number
            yield bytes(result)
    yield b""


async def at_work(db: Reads) -> list[Job]:
    """Jobs that have pieces to be done, oldest first; for the service itself."""
    listed = ", ".join(f"'{state}'" for state in AT_WORK)
    sql = f"""SELECT id::text, client_id, kind, options, request_id::text FROM job WHERE state IN ({listed})
        ORDER BY id LIMIT 100"""
    return [Job(*row) for row in await db.fetch(sql)]
