"""Partners: systems that push their own cases, by their own ids."""

from functools import partial
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api import imports
from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.idempotency import REPEATABLE
from app.api.imports import Subject
from app.api.items import Many, Unfit, items_body, told
from app.api.limits import Limits
from app.api.pagination import after, page_answer
from app.api.problems import answers, preferred
from app.api.routes import StrictRoute
from app.api.v1.schemas import partners as schemas
from app.api.v1.schemas.jobs import JOB_EXAMPLE, JobOut, job_out
from app.api.v1.schemas.partners import (
    BatchOut,
    CaseBatch,
    CaseInBatch,
    CasePush,
    ExternalId,
    PushedOut,
    PushedPage,
    PushOut,
)
from app.errors import NotFound
from app.services.access import Caller
from app.services.jobs.queries import read_job
from app.services.sync import queries
from app.services.sync.commands import Options, push
from app.services.sync.rules import Mode, Result, failed
from app.services.work import Work

router = APIRouter(prefix="/partners/{partner}", tags=["Partners"], route_class=StrictRoute)

Partner = Annotated[str, Path(description="the caller's own client id", examples=["demo-partner"])]
CaseExternalId = Annotated[ExternalId, Path(description="id of the partner", examples=["HS-2025-000152"])]
Pusher = Annotated[Caller, requires("sync:write")]
LARGE: Final[dict[str, Any]] = {**REPEATABLE, "x-max-bytes": schemas.MOST_BYTES}
_PUSHED: Final = answers(PushOut, example=schemas.PUSH_EXAMPLE, errors=(404, 409))
_CREATED: Final = answers(PushOut, example=schemas.PUSH_EXAMPLE, status=201, description="A new case")


def own(caller: Caller, partner: str) -> None:
    """404 unless the partner is the caller: nobody pushes for others, or learns who there is."""
    if partner != caller.client_id:
        raise NotFound


@router.get(
    "/cases",
    response_model=None,
    responses=answers(PushedPage, example=schemas.PUSHED_PAGE_EXAMPLE, errors=(404,)),
    summary="List pushed cases",
)
async def list_pushed_cases(
    request: Request, db: Db, ref: Ref, caller: Pusher, partner: Partner, page: Paging
) -> Response:
    """Everything you pushed, by your own ids, with the version that was applied last: compare it with what you have.

    What is missing here, or is older than yours, is to be pushed; the whole list comes as one file with
    `Accept: application/x-ndjson`.
    """
    own(caller, partner)
    last = after(request, caller, page)
    rows = await queries.list_pushed(db, ref, caller, last[0] if last else None, page.limit + 1)
    items = [schemas.pushed_out(row) for row in rows]
    return page_answer(request, caller, page, items, lambda item: (item["external_id"],))


@router.get(
    "/cases/{external_id}",
    response_model=None,
    responses=answers(PushedOut, example=schemas.PUSHED_EXAMPLE, errors=(404,)),
    summary="Find a pushed case",
)
async def read_pushed_case(db: Db, ref: Ref, caller: Pusher, partner: Partner, external_id: CaseExternalId) -> Response:
    """Which case you mean by an id of your own, and the version of it you pushed last; the case is at `/v1/cases`."""
    own(caller, partner)
    row = await queries.read_pushed(db, ref, caller, external_id)
    if row is None:
        raise NotFound
    return Response(orjson.dumps(schemas.pushed_out(row)), media_type="application/json")


@router.put(
    "/cases/{external_id}",
    response_model=None,
    status_code=200,
    responses={**_PUSHED, 201: _CREATED[201]},
    summary="Push one case",
    openapi_extra=REPEATABLE,
)
async def push_case(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Pusher,
    partner: Partner,
    external_id: CaseExternalId,
    body: Annotated[CasePush, json_body(CasePush)],
) -> Response:
    """Creates the case, or corrects what is written about it, if this version is higher than the last one pushed.

    A lower version is `stale` and changes nothing; the same one again is `unchanged`, or 409 `version-reused` when the
    content differs. Members left out are taken back. Unit, officer, initiation, acceptance and obligations change by
    events only: 409 `moves-by-events`.
    """
    own(caller, partner)

    async def work(session: AsyncSession) -> Result:
        unit = Work(session, ref, caller, actor(request, caller))
        (result,) = await push(unit, [body.to_push(external_id)], Options())
        if result.error is not None:
            raise result.error
        return result

    result = await db.write(work)
    status = 201 if result.outcome == "created" else 200
    headers = {"Location": f"/v1/cases/{result.case_id}"} if status == 201 else {}
    return Response(orjson.dumps(schemas.push_out(result)), status, headers, media_type="application/json")


@router.post(
    "/cases:batch",
    response_model=None,
    responses=answers(BatchOut, example=schemas.BATCH_EXAMPLE, errors=(404,)),
    summary="Push many cases",
    openapi_extra=LARGE,
)
async def push_cases(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Pusher,
    partner: Partner,
    body: Annotated[Many[CaseInBatch], items_body(CaseBatch, CaseInBatch, schemas.MOST_BYTES)],
) -> Response:
    """Up to 5,000 cases (16 MiB), each as if pushed alone; the answer tells of every item what became of it.

    An item that fails keeps no other one out, unless `atomic` is true: then nothing is applied. An external id that is
    there twice fails twice. Needs no `Idempotency-Key`: the same batch again finds everything `unchanged`.
    """
    own(caller, partner)
    good = [item.to_item() for item in body.items if isinstance(item, CaseInBatch)]
    options = Options(**body.options)

    async def work(session: AsyncSession) -> list[Result]:
        unit = Work(session, ref, caller, actor(request, caller))
        return await push(unit, good, options, spoilt=len(good) < len(body.items))

    pushed = iter(await db.write(work)) if good else iter(())
    results = [failed(item.error) if isinstance(item, Unfit) else next(pushed) for item in body.items]
    show = partial(schemas.item_out, spoken=preferred(request.scope))
    answer = told(body.items, results, show, schemas.counted(results), body.options)
    return Response(answer, media_type="application/json")


@router.post(
    "/imports",
    response_model=None,
    responses=answers(JobOut, status=202, example=JOB_EXAMPLE, errors=(404, 413, 415)),
    summary="Push a file",
    openapi_extra={**REPEATABLE, **imports.DOCUMENTED},
)
async def import_file(
    request: Request,
    db: Db,
    caller: Pusher,
    partner: Partner,
    of: Annotated[Subject, Query(description="what the lines are: items of a batch of cases, or of events")] = "cases",
    mode: Annotated[
        Mode, Query(description="which cases are taken: all, only new ones, or only known ones")
    ] = "upsert",
) -> Response:
    """Cases or events of any number, a line each: NDJSON, or CSV whose first line names the columns; UTF-8, LF or CRLF.

    May be packed (`Content-Encoding: gzip`); at most 2 GiB when unpacked (413). The answer comes when the last line is
    there; the job named by `Location` then applies them in order, each as if pushed alone. An upload that breaks off
    leaves nothing applied. A line that is wrong, or longer than 1 MiB, fails alone. In CSV `obligations`, `parties` and
    `parts` are JSON in their cell, and no cell has a line break. The same file again finds everything `unchanged`.
    """
    own(caller, partner)
    limits: Limits = request.app.state.limits
    async with limits.resting():  # a slow upload keeps nobody out
        job_id = await imports.received(request, db, actor(request, caller), of, mode)
    row = await read_job(db, caller, job_id)
    if row is None:
        raise NotFound
    headers = {"Location": f"/v1/jobs/{job_id}"}
    return Response(orjson.dumps(job_out(row, preferred(request.scope))), 202, headers, media_type="application/json")
