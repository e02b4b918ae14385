"""Officers (chấp hành viên), verifiers and clerks: who serves where, in which rank, on any day."""

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
from app.api.v1.schemas import officers as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.officers import OfficerFilters, OfficerNew, OfficerOut, OfficerPage, OfficerPatch
from app.clock import today
from app.errors import NotFound
from app.services.access import Caller
from app.services.officers import commands, queries
from app.services.reference import Officer, Reference
from app.services.work import Work

router = APIRouter(prefix="/officers", tags=["Officers"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("officers:read")]
Writer = Annotated[Caller, requires("officers:write")]
OfficerId = Annotated[Uuid, Path(description="officer id", examples=[samples.OFFICER_ID])]


@router.get(
    "", response_model=None, responses=answers(OfficerPage, example=schemas.PAGE_EXAMPLE), summary="List officers"
)
async def list_officers(
    request: Request, ref: Ref, caller: Reader, filters: Annotated[OfficerFilters, Query()], page: Paging
) -> Response:
    """Who serves in the caller's units on a day, by staff code, each with the posting of that day."""
    last = after(request, caller, page)
    found = queries.list_officers(ref, caller, filters.to_filter(), last[0] if last else None, page.limit + 1)
    items = [schemas.officer_item(officer, posting, ref) for officer, posting in found]
    return page_answer(request, caller, page, items, key=lambda item: (item["code"],))


@router.get(
    "/{officer_id}",
    response_model=None,
    responses=answers(OfficerOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read one officer",
)
async def read_officer(request: Request, ref: Ref, caller: Reader, officer_id: OfficerId) -> Response:
    """An officer with the postings to units the caller may see, past ones too."""
    officer = ref.officers.get(officer_id)
    if officer is None:
        raise NotFound
    body = _body(officer, ref, caller)
    return tagged(request, body, content_tag(officer.version, body))


@router.post(
    "",
    response_model=None,
    responses=answers(OfficerOut, status=201, example=schemas.OUT_EXAMPLE, errors=(409,)),
    summary="Take on an officer",
)
async def create_officer(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[OfficerNew, json_body(OfficerNew)]
) -> Response:
    """Creates an officer with a first posting in one of the caller's units.

    409 when the staff code is taken. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller))
        officer = await commands.create_officer(unit_of_work, body.code, body.name, body.posting.to_new())
        return _answer(officer, ref, caller, {"Location": f"/v1/officers/{officer.id}"})

    return await once(request, db, caller, work)


@router.patch(
    "/{officer_id}",
    response_model=None,
    responses=answers(OfficerOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Post or rename an officer",
)
async def change_officer(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    officer_id: OfficerId,
    body: Annotated[OfficerPatch, json_body(OfficerPatch)],
) -> Response:
    """A new posting from a day on, the end of service, or the right name. Needs `If-Match` with the ETag read before.

    Only officers who serve, or last served, in one of the caller's units; 409 when a later posting is on record.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        officer = await commands.change_officer(unit_of_work, officer_id, expected, body.to_change())
        return _answer(officer, ref, caller)

    answer = await db.write(work)
    return Response(answer.body, 200, dict(answer.headers), media_type="application/json")


def _body(officer: Officer, ref: Reference, caller: Caller) -> bytes:
    out = schemas.officer_out(officer, ref, caller, today())
    if out is None:
        raise NotFound
    return orjson.dumps(out)


def _answer(officer: Officer, ref: Reference, caller: Caller, headers: dict[str, str] | None = None) -> Answer:
    body = _body(officer, ref, caller)
    return Answer(body, headers={**(headers or {}), "ETag": content_tag(officer.version, body)})
