"""Targets by workload (khối lượng án): classes of how many cases units must enforce, and the rates that follow."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import workload_classes as schemas
from app.api.v1.schemas.workload_classes import ClassedPage, ClassesQuery, SchemeNew, SchemeOut
from app.clock import today
from app.services.access import Caller
from app.services.statistics.groups import asked_unit
from app.services.targets.rules import asked_day
from app.services.work import Work
from app.services.workload import queries, views
from app.services.workload.commands import set_scheme

router = APIRouter(prefix="/workload-classes", tags=["Targets"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("targets:read")]
Writer = Annotated[Caller, requires("targets:write")]


@router.get(
    "",
    response_model=None,
    responses=answers(ClassedPage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Read targets by workload",
)
async def read_workload_classes(
    request: Request, db: Db, ref: Ref, caller: Reader, query: Annotated[ClassesQuery, Query()], page: Paging
) -> Response:
    """The classes a unit set for those directly under it, and in which each of them falls on a day.

    The workload is B, the cases that must be enforced from 1 October to the day.
    """
    unit, last = asked_unit(ref, caller, query.unit), after(request, caller, page)
    day = asked_day(query.fiscal_year, query.as_of, today())
    row = await queries.scheme_of(db, unit.id, query.indicator, day)
    scheme = None if row is None else schemas.scheme_out(row, ref)
    found = await views.classed(db, ref, unit, query.indicator, day, queries.classes_of(row))
    shown = [one for one in found if last is None or one.unit.path > last[0]][: page.limit + 1]
    classes = scheme["classes"] if scheme else []
    items = [schemas.classed_item(one, query.indicator, classes, ref) for one in shown]
    return page_answer(request, caller, page, items, key=lambda _: (shown[page.limit - 1].unit.path,), scheme=scheme)


@router.post(
    "",
    response_model=None,
    responses=answers(SchemeOut, status=201, example=schemas.SCHEME_EXAMPLE, errors=(409,)),
    summary="Set targets by workload",
)
async def set_workload_classes(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[SchemeNew, json_body(SchemeNew)]
) -> Response:
    """Sets the classes of a unit for those directly under it, from a day on; the versions before stay.

    409 when a version begins later than that. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        new = body.to_scheme()
        version = await set_scheme(Work(session, ref, caller, actor(request, caller)), new)
        return Answer(orjson.dumps(schemas.scheme_out(queries.as_row(new, version), ref)), 201)

    return await once(request, db, caller, work)
