"""The life of a job: taken in, done piece by piece, called off, forgotten."""

from typing import Any, Final

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, NotFound
from app.models.jobs import job, job_chunk
from app.services.access import Actor, Caller
from app.services.jobs.rules import (
    AT_WORK,
    COUNTS,
    EXPORT,
    EXPORT_KEPT_HOURS,
    EXPORTS_AT_ONCE,
    KEPT_DAYS,
    STALLED_MINUTES,
    Done,
    Piece,
)

_AT_WORK: Final = ", ".join(f"'{state}'" for state in AT_WORK)


async def begin(session: AsyncSession, actor: Actor, kind: str, options: dict[str, Any]) -> str:
    """A new job, whose pieces are still to come; returns its id."""
    values = {"client_id": actor.client_id, "kind": kind, "options": options, "request_id": actor.request_id}
    values["person"] = actor.person.id if actor.person else None
    made = await session.execute(insert(job).values(**values, state="receiving").returning(job.c.id))
    return str(made.scalar_one())


_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('exports ' || :client, 0))")
# by itself: it has to see what whoever had the turn before committed
_BEGUN: Final = text(f"""
    SELECT count(*) FROM job WHERE client_id = :client AND person IS NOT DISTINCT FROM CAST(:person AS text)
        AND kind = '{EXPORT}' AND state IN ('receiving', {_AT_WORK})""")


async def check_exports(session: AsyncSession, actor: Actor) -> None:
    """Raises Conflict when the client, or the person it acts for, has as many exports at work as it may."""
    await session.execute(_TURN, {"client": actor.client_id})
    person = actor.person.id if actor.person else None
    begun = (await session.execute(_BEGUN, {"client": actor.client_id, "person": person})).scalar_one()
    if begun >= EXPORTS_AT_ONCE:
        message = {
            "en": f"{begun} exports are at work; wait for one of them, or call it off.",
            "vi": f"Đang có {begun} lượt xuất danh sách; hãy chờ hoặc hủy bớt.",
        }
        raise Conflict(message)


_ADD: Final = text("""
    UPDATE job SET chunks = chunks + 1, touched_at = clock_timestamp()
    WHERE id = CAST(:id AS uuid) AND state = 'receiving' RETURNING chunks - 1""")


async def add(session: AsyncSession, job_id: str, piece: Piece) -> None:
    """Keeps a piece. Raises Conflict when the job is called off already."""
    number = (await session.execute(_ADD, {"id": job_id})).scalar()
    if number is None:
        raise Conflict
    values = {"job_id": job_id, "no": number, "first_line": piece.first_line, "content": piece.content}
    await session.execute(insert(job_chunk).values(values))


_COMPLETE: Final = text("""
    UPDATE job SET state = 'waiting', touched_at = clock_timestamp()
    WHERE id = CAST(:id AS uuid) AND state = 'receiving'""")


async def complete(session: AsyncSession, job_id: str) -> None:
    """Everything is there: the job waits for a worker."""
    await session.execute(_COMPLETE, {"id": job_id})


_END: Final = text("""
    UPDATE job SET state = :state, reason = :reason, touched_at = clock_timestamp()
    WHERE id = CAST(:id AS uuid) AND state IN ('receiving', 'waiting', 'running')""")
# what was not done is not needed any more, and may hold personal data
_EMPTY: Final = text("UPDATE job_chunk SET content = NULL WHERE job_id = CAST(:id AS uuid) AND content IS NOT NULL")


async def end(session: AsyncSession, job_id: str, state: str, reason: str | None = None) -> None:
    """Ends a job before it is done: incomplete, cancelled or failed. What was done stays; the rest is forgotten.

    `reason` is one of JOB_REASONS; None when it was called off.
    """
    await session.execute(_END, {"id": job_id, "state": state, "reason": reason})
    await session.execute(_EMPTY, {"id": job_id})


_STATE: Final = text("""
    SELECT state FROM job WHERE id = CAST(:id AS uuid) AND client_id = :client
    AND person IS NOT DISTINCT FROM CAST(:person AS text) FOR UPDATE""")


async def cancel(session: AsyncSession, caller: Caller, job_id: str) -> None:
    """Calls a job of a caller off. Raises NotFound, and Conflict when it has ended."""
    person = caller.person.id if caller.person else None
    state = (await session.execute(_STATE, {"id": job_id, "client": caller.client_id, "person": person})).scalar()
    if state is None:
        raise NotFound
    if state not in ("receiving", *AT_WORK):
        raise Conflict({"en": "The job has ended.", "vi": "Công việc đã kết thúc."}, extra={"state": state})
    await end(session, job_id, "cancelled")


_TAKE: Final = text(f"""
    SELECT chunks_done FROM job WHERE id = CAST(:id AS uuid) AND state IN ({_AT_WORK})
    FOR NO KEY UPDATE SKIP LOCKED""")
# by itself: it has to see what the worker before committed
_NEXT: Final = text("SELECT first_line, content FROM job_chunk WHERE job_id = CAST(:id AS uuid) AND no = :no")


async def take(session: AsyncSession, job_id: str) -> tuple[int, Piece] | None:
    """The next piece of a job and its number; None when another worker is at it, or it has ended."""
    number = (await session.execute(_TAKE, {"id": job_id})).scalar()
    if number is None:
        return None
    first_line, content = (await session.execute(_NEXT, {"id": job_id, "no": number})).one()
    return number, Piece(first_line, bytes(content))


_KEEP: Final = text("""
    UPDATE job_chunk SET content = NULL, result = :result WHERE job_id = CAST(:id AS uuid) AND no = :no""")
_FURTHER: Final = text("UPDATE job SET chunks = chunks + 1 WHERE id = CAST(:id AS uuid)")
_COUNT: Final = text(f"""
    UPDATE job SET chunks_done = chunks_done + 1, touched_at = clock_timestamp(),
        state = CASE WHEN chunks_done + 1 >= chunks THEN 'done' ELSE 'running' END,
        {", ".join(f"{name} = {name} + :{name}" for name in COUNTS)}
    WHERE id = CAST(:id AS uuid)""")


async def keep(session: AsyncSession, job_id: str, number: int, done: Done) -> None:
    """Keeps what became of a piece, in the transaction that did it; what was sent is forgotten."""
    await session.execute(_KEEP, {"id": job_id, "no": number, "result": done.result})
    if done.rest is not None:
        values = {"job_id": job_id, "no": number + 1, "first_line": 1, "content": done.rest}
        await session.execute(insert(job_chunk).values(values))
        await session.execute(_FURTHER, {"id": job_id})
    await session.execute(_COUNT, {"id": job_id, **dict.fromkeys(COUNTS, 0), **done.counts})


_STALLED: Final = text(f"""
    UPDATE job SET state = 'incomplete', reason = 'upload_broke_off'
    WHERE state = 'receiving' AND touched_at < now() - interval '{STALLED_MINUTES} minutes' RETURNING id::text""")
_EMPTY_EACH: Final = text("UPDATE job_chunk SET content = NULL WHERE job_id = ANY(CAST(:ids AS uuid[]))")
_FORGET: Final = text(f"""
    DELETE FROM job
    WHERE state NOT IN ('receiving', {_AT_WORK}) AND touched_at < now() - CASE kind
        WHEN '{EXPORT}' THEN interval '{EXPORT_KEPT_HOURS} hours' ELSE interval '{KEPT_DAYS} days' END""")


async def tidy(session: AsyncSession) -> None:
    """Ends uploads whose worker is gone, and forgets old jobs."""
    stalled = (await session.execute(_STALLED)).scalars().all()
    if stalled:
        await session.execute(_EMPTY_EACH, {"ids": list(stalled)})
    await session.execute(_FORGET)
