"""Units (đơn vị): the map of enforcement offices on any day, their names and successors."""

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
from app.api.v1.schemas import samples
from app.api.v1.schemas import units as schemas
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.units import (
    SuccessorsNew,
    TreeFilters,
    UnitFilters,
    UnitNew,
    UnitOut,
    UnitPage,
    UnitPatch,
    UnitTree,
)
from app.clock import today
from app.errors import NotFound
from app.services.access import Caller
from app.services.reference import Reference, Unit
from app.services.units import commands, queries
from app.services.work import Work

router = APIRouter(prefix="/units", tags=["Units"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("units:read")]
Writer = Annotated[Caller, requires("units:write")]
UnitId = Annotated[Uuid, Path(description="unit id", examples=[samples.OFFICE_ID])]


@router.get("", response_model=None, responses=answers(UnitPage, example=schemas.PAGE_EXAMPLE), summary="List units")
async def list_units(
    request: Request, ref: Ref, caller: Reader, filters: Annotated[UnitFilters, Query()], page: Paging
) -> Response:
    """Units of the map of a day, in the order of the map: each before what is below it.

    Until 2025-06-30 departments and district sub-departments; since 2025-07-01 34 provinces and regional offices.
    Only units in the caller's subtrees are listed.
    """
    wanted = filters.to_filter()
    last = after(request, caller, page)
    units = queries.list_units(ref, caller, wanted, last[0] if last else None, page.limit + 1)
    items = [schemas.unit_item(unit, ref, caller, wanted.as_of) for unit in units]
    return page_answer(request, caller, page, items, key=lambda item: (ref.units[item["id"]].path,))


@router.get(
    "/tree",
    response_model=None,
    responses=answers(UnitTree, example=schemas.TREE_EXAMPLE, errors=(304,)),
    summary="Read the map",
)
async def read_unit_tree(
    request: Request, ref: Ref, caller: Reader, filters: Annotated[TreeFilters, Query()]
) -> Response:
    """The whole map of a day as a tree, below `root` or below the topmost units the caller may see.

    At most a nation of some 760 units; `roots` is empty where the unit does not exist on that day.
    """
    on = filters.as_of or today()
    root = queries.asked_unit(ref, caller, filters.root, "root")
    body = orjson.dumps(schemas.unit_tree(queries.tree(ref, caller, root, on, filters.depth), on))
    return tagged(request, body, content_tag(1, body))


@router.get(
    "/{unit_id}",
    response_model=None,
    responses=answers(UnitOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read one unit",
)
async def read_unit(request: Request, ref: Ref, caller: Reader, unit_id: UnitId) -> Response:
    """A unit with its names over time, the unit above, and the units before and after it."""
    unit = ref.visible(caller, unit_id)
    if unit is None:
        raise NotFound
    body = _body(unit, ref, caller)
    return tagged(request, body, content_tag(unit.version, body))


@router.post(
    "",
    response_model=None,
    responses=answers(UnitOut, status=201, example=schemas.OUT_EXAMPLE, errors=(409,)),
    summary="Put a unit on the map",
)
async def create_unit(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[UnitNew, json_body(UnitNew)]
) -> Response:
    """Creates a unit below one of the caller's; it may exist only while the unit above does.

    409 when the code belongs to another unit on one of its days. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit = await commands.create_unit(Work(session, ref, caller, actor(request, caller)), body.to_new())
        return _answer(unit, ref, caller, {"Location": f"/v1/units/{unit.id}"})

    return await once(request, db, caller, work)


@router.patch(
    "/{unit_id}",
    response_model=None,
    responses=answers(UnitOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Rename or end a unit",
)
async def change_unit(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    unit_id: UnitId,
    body: Annotated[UnitPatch, json_body(UnitPatch)],
) -> Response:
    """Gives a unit a new name from a day on, or an end. Needs `If-Match` with the ETag read before.

    409 when units below it, postings or cases would outlive it: hand over first.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        unit = await commands.change_unit(unit_of_work, unit_id, expected, body.to_change())
        return _answer(unit, ref, caller)

    answer = await db.write(work)
    return Response(answer.body, 200, dict(answer.headers), media_type="application/json")


@router.post(
    "/{unit_id}/successors",
    response_model=None,
    responses=answers(UnitOut, status=201, example=schemas.OUT_EXAMPLE, errors=(404, 409)),
    summary="Name the successors of a unit",
)
async def add_unit_successors(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    unit_id: UnitId,
    body: Annotated[SuccessorsNew, json_body(SuccessorsNew)],
) -> Response:
    """Names the units that took over from one that has ended, from the day it ended; answers with that unit.

    409 while the unit goes on. Figures of a successor are compared with the sum of its predecessors.
    Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit_of_work = Work(session, ref, caller, actor(request, caller, body.reason))
        unit = await commands.add_successors(unit_of_work, unit_id, body.successor_ids)
        return _answer(unit, ref, caller, {"Location": f"/v1/units/{unit.id}"})

    return await once(request, db, caller, work)


def _body(unit: Unit, ref: Reference, caller: Caller) -> bytes:
    return orjson.dumps(schemas.unit_out(unit, ref, caller, today()))


def _answer(unit: Unit, ref: Reference, caller: Caller, headers: dict[str, str] | None = None) -> Answer:
    body = _body(unit, ref, caller)
    return Answer(body, headers={**(headers or {}), "ETag": content_tag(unit.version, body)})
