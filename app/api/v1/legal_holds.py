"""Legal holds (yêu cầu giữ dữ liệu): cases whose personal data are kept whatever their age."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Ref, actor, requires
from app.api.etag import content_tag, expected_version, tagged
from app.api.idempotency import Answer, once
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import legal_holds as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.legal_holds import HoldChange, HoldNew, HoldsOut
from app.clock import today
from app.db import Reads, Within
from app.errors import NotFound
from app.services.access import Caller
from app.services.privacy import commands, queries
from app.services.reference import Reference
from app.services.work import Work

router = APIRouter(prefix="/cases/{case_id}/legal-hold", tags=["Legal holds"], route_class=StrictRoute)

Keeper = Annotated[Caller, requires("privacy:write")]
CaseId = Annotated[Uuid, Path(description="case id", examples=[samples.CASE_ID])]


@router.get(
    "",
    response_model=None,
    responses=answers(HoldsOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read the holds of a case",
)
async def read_legal_hold(request: Request, db: Db, ref: Ref, caller: Keeper, case_id: CaseId) -> Response:
    """Whether the personal data of the case are held today, and every hold with reason, days and who placed it."""
    body, etag = await _holds(db, ref, caller, case_id)
    return tagged(request, body, etag)


@router.post(
    "",
    response_model=None,
    responses=answers(HoldsOut, status=201, example=schemas.OUT_EXAMPLE, errors=(404, 409)),
    summary="Hold the data of a case",
)
async def place_legal_hold(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Keeper,
    case_id: CaseId,
    body: Annotated[HoldNew, json_body(HoldNew)],
) -> Response:
    """While a hold is on, the personal data of the case are kept, however long ago it ended.

    409 while another hold is on: change its end. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.place_hold(unit_of_work, case_id, body.to_new())
        out, etag = await _holds(Within(session), ref, caller, case_id)
        return Answer(out, headers={"ETag": etag, "Location": f"/v1/cases/{case_id}/legal-hold"})

    return await once(request, db, caller, work)


@router.patch(
    "",
    response_model=None,
    responses=answers(HoldsOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="End a hold, or let it last",
)
async def change_legal_hold(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Keeper,
    case_id: CaseId,
    body: Annotated[HoldChange, json_body(HoldChange)],
) -> Response:
    """Sets the end of the last hold, or takes it back. Needs `If-Match` with the ETag read before; 409 without a hold.

    From its end on the data are taken away as soon as they are due.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> tuple[bytes, str]:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.change_hold(unit_of_work, case_id, expected, body.until)
        return await _holds(Within(session), ref, caller, case_id)

    content, etag = await db.write(work)
    return Response(content, 200, {"ETag": etag}, media_type="application/json")


async def _holds(db: Reads, ref: Reference, caller: Caller, case_id: str) -> tuple[bytes, str]:
    row = await queries.read_holds(db, ref.scope(caller, None), case_id, today())
    if row is None:
        raise NotFound
    out = schemas.holds_out(row)
    body = orjson.dumps(out)
    return body, content_tag(out["version"], body)
