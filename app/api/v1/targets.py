"""Targets (chỉ tiêu): rates assigned to units and officers for a fiscal year, with all their versions."""

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
from app.api.v1.schemas import targets as schemas
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.targets import TargetAmendment, TargetFilters, TargetNew, TargetOut, TargetPage
from app.db import Reads, Within
from app.errors import NotFound
from app.services.access import Caller
from app.services.reference import Reference
from app.services.targets import commands, queries
from app.services.work import Work

router = APIRouter(prefix="/targets", tags=["Targets"], route_class=StrictRoute)

TargetId = Annotated[Uuid, Path(description="id of a version of a target", examples=[schemas.TARGET_ID])]
Reader = Annotated[Caller, requires("targets:read")]
Writer = Annotated[Caller, requires("targets:write")]


@router.get(
    "",
    response_model=None,
    responses=answers(TargetPage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="List targets",
)
async def list_targets(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[TargetFilters, Query()], page: Paging
) -> Response:
    """Versions of the targets of units the caller may see, and of officers who served there in the fiscal year.

    In the order they were recorded. With `current=true` only the versions in force today.
    """
    scope = ref.scope(caller, ref.asked(caller, filters.unit))
    rows = await queries.list_targets(db, scope, filters.to_filter(), after(request, caller, page), page.limit + 1)
    items = [schemas.target_out(row, ref) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["id"],))


@router.get(
    "/{target_id}",
    response_model=None,
    responses=answers(TargetOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read a version of a target",
)
async def read_target(request: Request, db: Db, ref: Ref, caller: Reader, target_id: TargetId) -> Response:
    """One version of a target, as decided; `current` says whether it is the one in force today."""
    body, version = await _target(db, ref, caller, target_id)
    return tagged(request, body, content_tag(version, body))


@router.post(
    "",
    response_model=None,
    responses=answers(TargetOut, status=201, example=schemas.OUT_EXAMPLE, errors=(409,)),
    summary="Assign a target",
)
async def assign_target(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[TargetNew, json_body(TargetNew)]
) -> Response:
    """Assigns a unit or an officer a rate to reach in a fiscal year (giao chỉ tiêu): version 1.

    409 when there is a target already: amend it. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit = Work(session, ref, caller, actor(request, caller))
        return await _written(session, ref, caller, await commands.assign(unit, body.to_target()))

    return await once(request, db, caller, work)


@router.post(
    "/{target_id}/amendments",
    response_model=None,
    responses=answers(TargetOut, status=201, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Amend a target",
)
async def amend_target(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    target_id: TargetId,
    body: Annotated[TargetAmendment, json_body(TargetAmendment)],
) -> Response:
    """Adds the next version of a target (điều chỉnh chỉ tiêu); those before stay and can be read.

    Needs `If-Match` with the ETag of the newest version and an `Idempotency-Key`.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        unit = Work(session, ref, caller, actor(request, caller, body.reason))
        amended = await commands.amend(unit, target_id, expected, body.to_amendment())
        return await _written(session, ref, caller, amended)

    return await once(request, db, caller, work)


async def _written(session: AsyncSession, ref: Reference, caller: Caller, target_id: str) -> Answer:
    body, version = await _target(Within(session), ref, caller, target_id)
    headers = {"ETag": content_tag(version, body), "Location": f"/v1/targets/{target_id}"}
    return Answer(body, 201, headers)


async def _target(db: Reads, ref: Reference, caller: Caller, target_id: str) -> tuple[bytes, int]:
    """A version of a target as JSON, with its number."""
    row = await queries.read_target(db, ref.scope(caller, None), target_id)
    if row is None:
        raise NotFound
    shown = schemas.target_out(row, ref)
    return orjson.dumps(shown), shown["version"]
