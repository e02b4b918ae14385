"""Jobs: long work of the caller, how far it is and what came of it."""

from functools import partial
from typing import Annotated, Any, Final, NoReturn

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, requires
from app.api.export_jobs import SCOPE, check_reader
from app.api.exports import CSV
from app.api.idempotency import REPEATABLE
from app.api.pagination import after, page_answer
from app.api.problems import answers, preferred
from app.api.routes import StrictRoute
from app.api.streaming import NDJSON, Lines
from app.api.v1.schemas import jobs as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.jobs import EventLineOut, JobOut, JobPage, LineOut
from app.api.xlsx import XLSX
from app.errors import Conflict, NotFound
from app.services.access import Caller
from app.services.jobs import commands, queries
from app.services.jobs.rules import EXPORT

router = APIRouter(prefix="/jobs", tags=["Jobs"], route_class=StrictRoute)

JobId = Annotated[Uuid, Path(description="job id", examples=[samples.JOB_ID])]
Owner = Annotated[Caller, requires(SCOPE)]


RESULT: Final = answers(
    LineOut | EventLineOut | dict[str, Any], example=schemas.LINE_EXAMPLE, errors=(404, 409), media_type=NDJSON
)
RESULT[200]["content"] |= {
    CSV: {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
}


@router.get("", response_model=None, responses=answers(JobPage, example=schemas.PAGE_EXAMPLE), summary="List jobs")
async def list_jobs(request: Request, db: Db, caller: Owner, page: Paging) -> Response:
    """The caller's own jobs, newest first; kept for 30 days after they ended, exports for 24 hours."""
    last = after(request, caller, page)
    rows = await queries.list_jobs(db, caller, last[0] if last else None, page.limit + 1)
    jobs = [schemas.job_out(row, preferred(request.scope)) for row in rows]
    return page_answer(request, caller, page, jobs, lambda item: (item["id"],))


@router.get(
    "/{job_id}",
    response_model=None,
    responses=answers(JobOut, example=schemas.JOB_EXAMPLE, errors=(404,)),
    summary="Read one job",
)
async def read_job(request: Request, db: Db, caller: Owner, job_id: JobId) -> Response:
    """How far a job of the caller is. It goes on by itself, also after a restart of the service."""
    return await _answer(request, db, caller, job_id)


@router.delete(
    "/{job_id}",
    response_model=None,
    responses=answers(JobOut, example=schemas.JOB_EXAMPLE, errors=(404, 409)),
    summary="Call a job off",
    openapi_extra=REPEATABLE,
)
async def cancel_job(request: Request, db: Db, caller: Owner, job_id: JobId) -> Response:
    """Ends a job after the piece at work; what was applied stays, and its results too. 409 when it has ended."""
    await db.write(partial(commands.cancel, caller=caller, job_id=job_id))
    return await _answer(request, db, caller, job_id)


async def _answer(request: Request, db: Db, caller: Caller, job_id: str) -> Response:
    row = await queries.read_job(db, caller, job_id)
    if row is None:
        raise NotFound
    return Response(orjson.dumps(schemas.job_out(row, preferred(request.scope))), media_type="application/json")


@router.get(
    "/{job_id}/result",
    response_model=None,
    response_class=Lines,
    responses=RESULT,
    summary="Download the result of a job",
)
async def read_job_result(request: Request, db: Db, caller: Owner, job_id: JobId) -> Response:
    """What became of every line done so far, a line of JSON each, in the order of the file; gzip when asked for.

    Of an export the file, when it is complete (409 before). The token needs the scope of its list, and the caller has
    to see what it saw when the export was begun (403).
    """
    kind, state, options = await queries.read_result(db, caller, job_id) or _missing()
    if kind != EXPORT:
        return Lines(request, queries.results(db, job_id))
    check_reader(caller, options)
    if state != "done":
        message = {"en": "The export is not complete.", "vi": "Việc xuất danh sách chưa hoàn tất."}
        raise Conflict(message, extra={"state": state})
    answer = Lines(request, queries.results(db, job_id), options["form"], packed=options["form"] == XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{options["file"]}"'
    return answer


def _missing() -> NoReturn:
    raise NotFound
