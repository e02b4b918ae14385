"""Exports: whole lists of any length, made in the background."""

from typing import Annotated

import orjson
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api import export_jobs
from app.api.body import json_body
from app.api.deps import VERIFIED, Db, actor, demand, requires
from app.api.idempotency import Answer, once
from app.api.problems import answers, preferred
from app.api.routes import StrictRoute
from app.api.unattended import Listing
from app.api.v1.schemas.exports import ExportNew
from app.api.v1.schemas.jobs import EXPORT_EXAMPLE, JobOut, job_out
from app.db import Within
from app.errors import NotFound, invalid
from app.services.access import Caller
from app.services.jobs.queries import read_job

router = APIRouter(prefix="/exports", tags=["Exports"], route_class=StrictRoute)


@router.post(
    "",
    response_model=None,
    responses=answers(JobOut, status=202, example=EXPORT_EXAMPLE, errors=(404, 409)),
    summary="Export a list in the background",
)
async def create_export(
    request: Request,
    db: Db,
    caller: Annotated[Caller, requires(export_jobs.SCOPE)],
    body: Annotated[ExportNew, json_body(ExportNew)],
) -> Response:
    """A job, named by `Location`, that writes a list whole; its result is the file, kept for 24 hours.

    The token needs the scope of the list, too (403). What the list refuses is refused here, with the list's own
    problem; so are `limit`, `cursor`, `count` and `personal_data`. 409 when the caller has four at work.
    """
    listing = Listing.find(request.app, body.path, export_jobs.query_of(body.query))
    if listing is None:
        raise invalid(
            "unknown-reference", "is not the path of a list", "không phải đường dẫn của danh sách", pointer="/path"
        )
    demand(caller, listing.scope)
    refusal = await listing.refused(request)
    if refusal is not None:
        return refusal
    options = export_jobs.options_of(listing, body.form, caller, request.scope[VERIFIED], bom=body.bom)

    async def begun(session: AsyncSession) -> Answer:
        job_id = await export_jobs.begin(session, actor(request, caller), options)
        row = await read_job(Within(session), caller, job_id)
        if row is None:
            raise NotFound
        return Answer(orjson.dumps(job_out(row, preferred(request.scope))), 202, {"Location": f"/v1/jobs/{job_id}"})

    return await once(request, db, caller, begun)
