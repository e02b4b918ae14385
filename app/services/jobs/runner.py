"""Works on jobs in every worker: one piece, one transaction; whoever comes first has the piece.

A worker that ends leaves its piece undone, and the next one begins it anew: what a piece does, what became of it and
that it was done are committed together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.errors import Busy, Conflict, DomainError
from app.services.access import SERVICE, Actor, Caller
from app.services.jobs import commands, queries
from app.services.jobs.rules import Done, Job, Piece
from app.services.reference import Reference, ReferenceCache
from app.services.work import Work


def _client(reference: Reference, job: Job) -> Caller | None:
    """The client of a job as of now; None when it is disabled."""
    client = reference.clients.get(job.client_id)
    return None if client is None or client.disabled else client.caller


@dataclass(frozen=True, slots=True)
class Kind:
    """What does a piece of one kind of job, the scope it needs while it is done, and who it is done for."""

    scope: str
    work: Callable[[Work, Job, Piece], Awaitable[Done]]
    caller: Callable[[Reference, Job], Caller | None] = _client


LOOK_SECONDS: Final = 1.0
_log: Final = structlog.get_logger("jobs")


class Runner:
    """`run` works on jobs until it is cancelled; `kinds` are those there are, by their codes."""

    def __init__(self, db: Database, reference: ReferenceCache, kinds: Mapping[str, Kind]) -> None:
        self._db = db
        self._reference = reference
        self._kinds = kinds

    async def run(self) -> None:
        """Looks for work, does it, and rests when there is none."""
        while True:
            try:
                busy = await self.round()
            except DomainError:  # the database is away, or busy
                busy = False
            if not busy:
                await asyncio.sleep(LOOK_SECONDS)

    async def round(self) -> bool:
        """Does one piece of every job that no other worker is at; whether there was any."""
        found = [await self._step(job) for job in await queries.at_work(self._db.seen_by(SERVICE))]
        return any(found)

    async def _step(self, job: Job) -> bool:
        kind = self._kinds[job.kind]
        caller = kind.caller(self._reference.current, job)
        if caller is None or kind.scope not in caller.scopes:
            return await self._failed(job, "not_allowed")
        context = self._reference.current.context(caller)
        try:
            return await self._db.write(context, partial(self._piece, job=job, caller=caller))
        except (Busy, Conflict):
            raise
        except Exception as error:  # it would come again with every round
            _log.exception("a job failed", job=job.id)
            return await self._failed(job, "refused" if isinstance(error, DomainError) else "defect")

    async def _failed(self, job: Job, reason: str) -> bool:
        await self._db.write(SERVICE, partial(commands.end, job_id=job.id, state="failed", reason=reason))
        return True

    async def _piece(self, session: AsyncSession, job: Job, caller: Caller) -> bool:
        taken = await commands.take(session, job.id)
        if taken is None:
            return False
        number, piece = taken
        work = Work(
            session, self._reference.current, caller, Actor(caller.client_id, job.request_id, person=caller.person)
        )
        await commands.keep(session, job.id, number, await self._kinds[job.kind].work(work, job, piece))
        return True
