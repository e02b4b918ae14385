"""Administrative judgments tracked (theo dõi thi hành án hành chính): the register behind `administrative_rate`."""

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
from app.api.v1.schemas import administrative as schemas
from app.api.v1.schemas.administrative import JudgmentFilters, JudgmentNew, JudgmentOut, JudgmentPage, JudgmentPatch
from app.api.v1.schemas.base import Uuid
from app.db import Reads, Within
from app.errors import NotFound
from app.services.access import Caller
from app.services.administrative import commands, queries
from app.services.reference import Reference
from app.services.work import Work

router = APIRouter(prefix="/administrative-judgments", tags=["Administrative judgments"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("administrative:read")]
Writer = Annotated[Caller, requires("administrative:write")]
JudgmentId = Annotated[Uuid, Path(description="id of the judgment", examples=[schemas.JUDGMENT_ID])]


@router.get(
    "",
    response_model=None,
    responses=answers(JudgmentPage, example=schemas.PAGE_EXAMPLE),
    summary="List administrative judgments tracked",
)
async def list_judgments(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[JudgmentFilters, Query()], page: Paging
) -> Response:
    """Judgments of the caller's units and of all that these succeeded, by unit and by the day they were taken on."""
    last = after(request, caller, page)
    rows = await queries.list_judgments(db, ref, caller, filters.to_filter(), last, page.limit + 1)
    paths = {row[0]: row[2] for row in rows}
    items = [schemas.judgment_out(row, ref) for row in rows]
    return page_answer(
        request, caller, page, items, key=lambda item: (paths[item["id"]], item["accepted_on"], item["id"])
    )


@router.get(
    "/{judgment_id}",
    response_model=None,
    responses=answers(JudgmentOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read one administrative judgment",
)
async def read_judgment(request: Request, db: Db, ref: Ref, caller: Reader, judgment_id: JudgmentId) -> Response:
    """A judgment with the decision that compels its enforcement, what was proposed, and how the tracking ended."""
    body, etag = await _body(db, ref, caller, judgment_id)
    return tagged(request, body, etag)


@router.post(
    "",
    response_model=None,
    responses=answers(JudgmentOut, status=201, example=schemas.OUT_EXAMPLE, errors=(409,)),
    summary="Take an administrative judgment on",
)
async def accept_judgment(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[JudgmentNew, json_body(JudgmentNew)]
) -> Response:
    """From `accepted_on` on the judgment counts as tracked. Needs an `Idempotency-Key`.

    409 when the month of that day is closed, or the unit has the file number already.
    """

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller))
        judgment_id = await commands.accept(unit_of_work, body.to_new())
        out, etag = await _body(Within(session), ref, caller, judgment_id)
        return Answer(out, 201, {"ETag": etag, "Location": f"/v1/administrative-judgments/{judgment_id}"})

    return await once(request, db, caller, work)


@router.patch(
    "/{judgment_id}",
    response_model=None,
    responses=answers(JudgmentOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Follow or end the tracking of a judgment",
)
async def change_judgment(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    judgment_id: JudgmentId,
    body: Annotated[JudgmentPatch, json_body(JudgmentPatch)],
) -> Response:
    """Names an officer, notes a decision or proposals, or ends the tracking (`ended_on` with `outcome`).

    Needs `If-Match` with the ETag read before. 409 when the day of the end, or of the one on record, lies in a closed
    month.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> tuple[bytes, str]:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.change(unit_of_work, judgment_id, expected, body.given())
        return await _body(Within(session), ref, caller, judgment_id)

    content, etag = await db.write(work)
    return Response(content, 200, {"ETag": etag}, media_type="application/json")


async def _body(db: Reads, ref: Reference, caller: Caller, judgment_id: str) -> tuple[bytes, str]:
    row = await queries.read_judgment(db, ref, caller, judgment_id)
    if row is None:
        raise NotFound
    out = schemas.judgment_out(row, ref)
    body = orjson.dumps(out)
    return body, content_tag(out["version"], body)
