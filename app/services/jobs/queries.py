"""Reading jobs; each caller has its own."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from app.db import Reads, Row
from app.services.jobs.rules import AT_WORK, COUNTS, Job

COLUMNS: Final = f"id::text, kind, state, chunks, chunks_done, {', '.join(COUNTS)}, recorded_at, touched_at"
"""The projection of a job."""
_RESULTS_AT_ONCE: Final = 8


async def list_jobs(db: Reads, client_id: str, before: str | None, limit: int) -> list[Row]:
    """At most `limit` jobs of a client, newest first, older than the job with the id `before`."""
    older = "AND id < %(before)s::uuid" if before else ""
    sql = f"SELECT {COLUMNS} FROM job WHERE client_id = %(client)s {older} ORDER BY id DESC LIMIT %(limit)s"
    parameters: dict[str, Any] = {"client": client_id, "limit": limit}
    return await db.fetch(sql, {**parameters, "before": before} if before else parameters)


async def read_job(db: Reads, client_id: str, job_id: str) -> Row | None:
    """One job of a client."""
    sql = f"SELECT {COLUMNS} FROM job WHERE client_id = %s AND id = %s::uuid"
    return await db.fetch_one(sql, (client_id, job_id))


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
