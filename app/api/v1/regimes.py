"""Statistical regimes: what each circular counts as what, in versions that an administrator may add to."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.etag import content_tag, tagged
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import regimes as schemas
from app.api.v1.schemas.regimes import RegimeOut, RegimePage, RegimeVersionNew, RegimeVersionOut
from app.clock import today
from app.errors import NotFound
from app.services.access import Caller
from app.services.regimes.commands import set_version
from app.services.work import Work

router = APIRouter(prefix="/regimes", tags=["Regimes"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("reference:read")]
Code = Annotated[str, Path(description="code of the regime", examples=["tt05-2026"])]


@router.get(
    "",
    response_model=None,
    responses=answers(RegimePage, example=schemas.REGIME_PAGE_EXAMPLE, errors=()),
    summary="List the regimes",
)
async def list_regimes(request: Request, ref: Ref, caller: Reader, page: Paging) -> Response:
    """Every regime with all versions of how it counts: which accounts of the books feed which line."""
    last = after(request, caller, page)
    listed = [schemas.regime_out(versions, today()) for versions in schemas.by_code(ref.regimes)]
    items = [item for item in listed if last is None or schemas.order_of(item) > last]
    return page_answer(request, caller, page, items[: page.limit + 1], key=schemas.order_of)


@router.get(
    "/{regime}",
    response_model=None,
    responses=answers(RegimeOut, example=schemas.REGIME_EXAMPLE, errors=(304, 404)),
    summary="Read one regime",
)
async def read_regime(request: Request, ref: Ref, caller: Reader, regime: Code) -> Response:
    """One regime with all versions of how it counts, and the one that does today."""
    versions = [version for version in ref.regimes if version.code == regime]
    if not versions:
        raise NotFound
    body = orjson.dumps(schemas.regime_out(versions, today()))
    return tagged(request, body, content_tag(versions[-1].version, body))


@router.post(
    "/{regime}/versions",
    response_model=None,
    responses=answers(RegimeVersionOut, status=201, example=schemas.VERSION_EXAMPLE, errors=(404, 409)),
    summary="Set the next version of a regime",
)
async def set_regime_version(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("rules:write")],
    regime: Code,
    body: Annotated[RegimeVersionNew, json_body(RegimeVersionNew)],
) -> Response:
    """Sets how a regime counts periods that end on a day or later; the versions before stay, and are named by reports.

    Only for clients to which the whole nation was granted. Needs an `Idempotency-Key`. Every account must feed one
    line: stock one of C1 to C3, what ended D1 or B1 to B3. 409 when a version begins later than that.
    """

    async def work(session: AsyncSession) -> Answer:
        unit = Work(session, ref, caller, actor(request, caller, body.reason))
        made = await set_version(unit, body.to_version(regime))
        location = {"Location": f"/v1/regimes/{regime}"}
        return Answer(orjson.dumps(schemas.version_out(made)), 201, location)

    return await once(request, db, caller, work)
