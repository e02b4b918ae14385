"""Jobs: long work of the caller, how far it is and what came of it."""

from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, requires
from app.api.idempotency import REPEATABLE
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.streaming import NDJSON, Lines
from app.api.v1.schemas import jobs as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.jobs import JobOut, JobPage, LineOut
from app.errors import NotFound
from app.services.access import Caller
from app.services.jobs import commands, queries

router = APIRouter(prefix="/jobs", tags=["Jobs"], route_class=StrictRoute)

JobId = Annotated[Uuid, Path(description="job id", examples=[samples.JOB_ID])]
Owner = Annotated[Caller, requires("sync:write")]


@router.get("", response_model=None, responses=answers(JobPage, example=schemas.PAGE_EXAMPLE), summary="List jobs")
async def list_jobs(request: Request, db: Db, caller: Owner, page: Paging) -> Response:
    """The caller's own jobs, newest first; kept for 30 days after they ended."""
    last = after(request, caller, page)
    rows = await queries.list_jobs(db, caller.client_id, last[0] if last else None, page.limit + 1)
    return page_answer(request, caller, page, [schemas.job_out(row) for row in rows], lambda item: (item["id"],))


@router.get(
    "/{job_id}",
    response_model=None,
    responses=answers(JobOut, example=schemas.JOB_EXAMPLE, errors=(404,)),
    summary="Read one job",
)
async def read_job(request: Request, db: Db, caller: Owner, job_id: JobId) -> Response:
    """How far a job of the caller is. It goes on by itself, also after a restart of the service."""
    return await _answer(db, caller, job_id)


@router.delete(
    "/{job_id}",
    response_model=None,
    responses=answers(JobOut, example=schemas.JOB_EXAMPLE, errors=(404, 409)),
    summary="Call a job off",
    openapi_extra=REPEATABLE,
)
async def cancel_job(request: Request, db: Db, caller: Owner, job_id: JobId) -> Response:
    """Ends a job after the piece at work; what was applied stays, and its results too. 409 when it has ended."""
    await db.write(partial(commands.cancel, client_id=caller.client_id, job_id=job_id))
    return await _answer(db, caller, job_id)


async def _answer(db: Db, caller: Caller, job_id: str) -> Response:
    row = await queries.read_job(db, caller.client_id, job_id)
    if row is None:
        raise NotFound
    return Response(orjson.dumps(schemas.job_out(row)), media_type="application/json")


@router.get(
    "/{job_id}/result",
    response_model=None,
    response_class=Lines,
    responses=answers(LineOut, example=schemas.LINE_EXAMPLE, errors=(404,), media_type=NDJSON),
    summary="Download the result of a job",
)
async def read_job_result(request: Request, db: Db, caller: Owner, job_id: JobId) -> Response:
    """What became of every line done so far, a line of JSON each, in the order of the file; gzip when asked for."""
    if await queries.read_job(db, caller.client_id, job_id) is None:
        raise NotFound
    return Lines(request, queries.results(db, job_id))
