"""Relatives of officers (người thân): people whose cases an officer may not handle."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Page, Paging, Ref, actor, demand, requires
from app.api.etag import content_tag, expected_version, tagged
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.purpose import NEEDED_WITH_PERSONAL_DATA, purpose_of
from app.api.routes import StrictRoute
from app.api.v1.schemas import relatives as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Flag, Uuid
from app.api.v1.schemas.relatives import (
    RelativeEnd,
    RelativeNew,
    RelativeOut,
    RelativePage,
    RelativePageUnmasked,
    RelativeRegistered,
)
from app.db import Row, Within
from app.errors import NotFound
from app.services.access import Caller
from app.services.officers.queries import visible_postings
from app.services.reference import Reference
from app.services.relatives import commands, queries
from app.services.work import Work

router = APIRouter(prefix="/officers/{officer_id}/relatives", tags=["Relatives"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("officers:read")]
Writer = Annotated[Caller, requires("officers:write")]
OfficerId = Annotated[Uuid, Path(description="officer id", examples=[samples.OFFICER_ID])]
PersonalData = Annotated[
    Flag,
    Query(description="show entries in full: needs the scope `cases:read.pii` and the header `Purpose`; on record"),
]
RelativeId = Annotated[Uuid, Path(description="id of the entry", examples=[schemas.RELATIVE_ID])]


@router.get(
    "",
    response_model=None,
    responses=answers(RelativePage | RelativePageUnmasked, example=schemas.PAGE_EXAMPLE, errors=(404,)),
    summary="List relatives of an officer",
    openapi_extra=NEEDED_WITH_PERSONAL_DATA,
)
async def list_relatives(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Reader,
    officer_id: OfficerId,
    page: Paging,
    personal_data: PersonalData = False,
) -> Response:
    """The register of an officer the caller may see, masked.

    `personal_data=true` shows names in full, relations and identity numbers, once it is on record who saw whom and why:
    403 without the scope `cases:read.pii`, 400 without a `Purpose`.
    """
    _check_seen(ref, caller, officer_id)
    if personal_data:
        return await _in_full(request, db, ref, caller, officer_id, page)
    rows = await queries.list_relatives(db, officer_id, after(request, caller, page), page.limit + 1)
    items = [schemas.relative_out(row) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["id"],))


async def _in_full(request: Request, db: Db, ref: Reference, caller: Caller, officer_id: str, page: Page) -> Response:
    """The page with personal data, once that is on record."""
    demand(caller, "cases:read.pii")
    purpose, last = purpose_of(request), after(request, caller, page)

    async def work(session: AsyncSession) -> list[Row]:
        unit_of_work = Work(session, ref, caller, actor(request, caller))
        return await commands.unmasked(unit_of_work, officer_id, last, page.limit, purpose)

    items = [schemas.relative_unmasked(row) for row in await db.write(work)]
    return page_answer(request, caller, page, items, key=lambda item: (item["id"],))


@router.get(
    "/{relative_id}",
    response_model=None,
    responses=answers(RelativeOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read a relative of an officer",
)
async def read_relative(
    request: Request, db: Db, ref: Ref, caller: Reader, officer_id: OfficerId, relative_id: RelativeId
) -> Response:
    """One entry, masked, with the ETag that ending it needs."""
    _check_seen(ref, caller, officer_id)
    body, etag = _body(_found(await queries.read_relative(db, officer_id, relative_id)))
    return tagged(request, body, etag)


@router.post(
    "",
    response_model=None,
    responses=answers(RelativeRegistered, status=201, example=schemas.REGISTERED_EXAMPLE, errors=(404, 409)),
    summary="Register a relative of an officer",
)
async def register_relative(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    officer_id: OfficerId,
    body: Annotated[RelativeNew, json_body(RelativeNew)],
) -> Response:
    """From now on no case with this person as a party can be given to the officer: 409 `conflict-of-interest`.

    Cases the officer has already stay until they are handed over; the answer says how many. 409 while the person is
    registered already. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller))
        registered = await commands.register(unit_of_work, officer_id, body.to_new())
        row = _found(await queries.read_relative(Within(session), officer_id, registered.id))
        location = f"/v1/officers/{officer_id}/relatives/{registered.id}"
        out = orjson.dumps(schemas.relative_registered(row, registered))
        return Answer(out, headers={"ETag": _body(row)[1], "Location": location})

    return await once(request, db, caller, work)


@router.patch(
    "/{relative_id}",
    response_model=None,
    responses=answers(RelativeOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="End the entry of a relative",
)
async def end_relative(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    officer_id: OfficerId,
    relative_id: RelativeId,
    body: Annotated[RelativeEnd, json_body(RelativeEnd)],
) -> Response:
    """Ends an entry on a day, or takes its end back. Needs `If-Match` with the ETag read before."""
    expected = expected_version(request)

    async def work(session: AsyncSession) -> tuple[bytes, str]:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.end(unit_of_work, officer_id, relative_id, expected, body.until)
        return _body(_found(await queries.read_relative(Within(session), officer_id, relative_id)))

    content, etag = await db.write(work)
    return Response(content, 200, {"ETag": etag}, media_type="application/json")


def _check_seen(ref: Reference, caller: Caller, officer_id: str) -> None:
    officer = ref.officers.get(officer_id)
    if officer is None or not visible_postings(ref, caller, officer):
        raise NotFound


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFound
    return row


def _body(row: Row) -> tuple[bytes, str]:
    out = schemas.relative_out(row)
    body = orjson.dumps(out)
    return body, content_tag(out["version"], body)
