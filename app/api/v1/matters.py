"""Matters (vụ): what many cases come from, and which of them steering committees track."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.etag import content_tag, expected_version, tagged
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import matters as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.matters import (
    MatterFilters,
    MatterNew,
    MatterOut,
    MatterPage,
    MatterPatch,
    TrackingLevel,
    TrackingNew,
    TrackingPatch,
)
from app.db import Row, Within
from app.errors import NotFound
from app.services.access import Caller
from app.services.matters import commands, queries
from app.services.reference import Reference
from app.services.work import Work

router = APIRouter(prefix="/matters", tags=["Matters"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("matters:read")]
Writer = Annotated[Caller, requires("matters:write")]
MatterId = Annotated[Uuid, Path(description="matter id", examples=[samples.MATTER_ID])]
Level = Annotated[TrackingLevel, Path(description="committee (code list `tracking-levels`)", examples=["central"])]


@router.get(
    "", response_model=None, responses=answers(MatterPage, example=schemas.PAGE_EXAMPLE), summary="List matters"
)
async def list_matters(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[MatterFilters, Query()], page: Paging
) -> Response:
    """Matters of the caller's units, by unit and code; tracked ones only when level, state or day is asked for."""
    last = after(request, caller, page)
    rows = await queries.list_matters(db, ref, caller, filters.to_filter(), last, page.limit + 1)
    paths = {row[0]: row[3] for row in rows}
    items = [schemas.matter_out(row, ref) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (paths[item["id"]], item["code"]))


@router.get(
    "/{matter_id}",
    response_model=None,
    responses=answers(MatterOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read one matter",
)
async def read_matter(request: Request, db: Db, ref: Ref, caller: Reader, matter_id: MatterId) -> Response:
    """A matter with the whole history of its tracking, level by level and state by state."""
    row = await queries.read_matter(db, ref, caller, matter_id)
    if row is None:
        raise NotFound
    body, etag = _body(row, ref)
    return tagged(request, body, etag)


@router.post(
    "",
    response_model=None,
    responses=answers(MatterOut, status=201, example=schemas.OUT_EXAMPLE, errors=(409,)),
    summary="Record a matter",
)
async def create_matter(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[MatterNew, json_body(MatterNew)]
) -> Response:
    """Records a matter; cases name it by `matter_id`. 409 when the code is taken. Needs an `Idempotency-Key`."""

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller))
        matter_id = await commands.create_matter(unit_of_work, **body.values())
        return await _answer(unit_of_work, matter_id, 201)

    return await once(request, db, caller, work)


@router.patch(
    "/{matter_id}",
    response_model=None,
    responses=answers(MatterOut, example=schemas.OUT_EXAMPLE, errors=(404, 412, 428)),
    summary="Change a matter",
)
async def change_matter(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    matter_id: MatterId,
    body: Annotated[MatterPatch, json_body(MatterPatch)],
) -> Response:
    """Corrects the name of a matter or sets its class. Needs `If-Match` with the ETag read before.

    The class holds for all cases of the matter from now on: who is not cleared for it sees them no more.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.change_matter(unit_of_work, matter_id, expected, **body.values())
        return await _answer(unit_of_work, matter_id, 200)

    answer = await db.write(work)
    return Response(answer.body, 200, dict(answer.headers), media_type="application/json")


@router.post(
    "/{matter_id}/tracking",
    response_model=None,
    responses=answers(MatterOut, status=201, example=schemas.OUT_EXAMPLE, errors=(404, 409)),
    summary="Start tracking a matter",
)
async def start_tracking(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    matter_id: MatterId,
    body: Annotated[TrackingNew, json_body(TrackingNew)],
) -> Response:
    """A steering committee begins to track the matter: its cases raise the steering-committee flag from that day.

    409 while a committee of that level tracks it already. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.start_tracking(unit_of_work, matter_id, body.level, body.since, body.state)
        return await _answer(unit_of_work, matter_id, 201)

    return await once(request, db, caller, work)


@router.patch(
    "/{matter_id}/tracking/{level}",
    response_model=None,
    responses=answers(MatterOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Follow or end the tracking of a matter",
)
async def change_tracking(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    matter_id: MatterId,
    level: Level,
    body: Annotated[TrackingPatch, json_body(TrackingPatch)],
) -> Response:
    """A new state of the matter from a day on, or the end of its tracking. Needs `If-Match` with the ETag read before.

    409 `invalid-transition` when the state cannot follow: `allowed_states` says which can.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.change_tracking(unit_of_work, matter_id, expected, level, body.to_change())
        return await _answer(unit_of_work, matter_id, 200)

    answer = await db.write(work)
    return Response(answer.body, 200, dict(answer.headers), media_type="application/json")


def _body(row: Row, ref: Reference) -> tuple[bytes, str]:
    out = schemas.matter_out(row, ref)
    body = orjson.dumps(out)
    return body, content_tag(out["version"], body)


async def _answer(work: Work, matter_id: str, status: int) -> Answer:
    """The matter as this transaction sees it."""
    row = await queries.read_matter(Within(work.session), work.ref, work.caller, matter_id)
    if row is None:
        raise NotFound
    body, etag = _body(row, work.ref)
    location = {"Location": f"/v1/matters/{matter_id}"} if status == 201 else {}
    return Answer(body, status, {"ETag": etag, **location})
