"""Passing targets on (phân bổ chỉ tiêu): results, proposals for children, many at once, and whether they add up."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.idempotency import SAFE, Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import target_plans as schemas
from app.api.v1.schemas import targets as target_schemas
from app.api.v1.schemas.target_plans import (
    ConsistencyOut,
    ConsistencyQuery,
    ProposalAsked,
    ProposalOut,
    ResultPage,
    ResultsQuery,
)
from app.api.v1.schemas.targets import TargetsAssigned, TargetsNew
from app.clock import today
from app.db import Within
from app.errors import invalid
from app.services.access import Caller
from app.services.statistics.groups import asked_unit
from app.services.targets import commands, plan_views, queries
from app.services.targets.plan_views import Plan
from app.services.targets.rules import asked_day
from app.services.work import Work

router = APIRouter(prefix="/targets", tags=["Targets"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("targets:read")]
Writer = Annotated[Caller, requires("targets:write")]


@router.get(
    "/results",
    response_model=None,
    responses=answers(ResultPage, example=schemas.RESULTS_EXAMPLE, errors=(410,)),
    summary="Read results by any indicator",
)
async def read_results(
    request: Request, db: Db, ref: Ref, caller: Reader, query: Annotated[ResultsQuery, Query()], page: Paging
) -> Response:
    """Results of a unit, its children or its officers by one indicator, beside target and milestones."""
    unit = asked_unit(ref, caller, query.unit)
    plan = Plan(unit, query.of, query.indicator, asked_day(query.fiscal_year, query.as_of, today()))
    last = after(request, caller, page)
    found = await plan_views.progress(db, ref, plan)
    shown = [one for one in found if last is None or one.holder.order > last[0]][: page.limit + 1]
    items = [schemas.result_item(one, plan, ref) for one in shown]
    return page_answer(
        request, caller, page, items, key=lambda _: (shown[page.limit - 1].holder.order,), **schemas.frame_out(plan)
    )


@router.post(
    "/proposals",
    response_model=None,
    responses=answers(ProposalOut, example=schemas.PROPOSAL_EXAMPLE, errors=()),
    summary="Propose targets for children",
    openapi_extra=SAFE,
)
async def propose_targets(
    db: Db, ref: Ref, caller: Reader, body: Annotated[ProposalAsked, json_body(ProposalAsked)]
) -> Response:
    """Splits the target of a unit over its children or officers; stores nothing.

    Of a rate everybody gets the result of last year, raised or lowered by the same number of points, the smallest with
    which the rates weighted by stock with conditions reach the target; of a number a share by stock times result.
    Values in `adjusted` stay, and the rest is split over the others.
    """
    unit = ref.visible(caller, body.unit_id)
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", pointer="/unit_id")
    plan = Plan(unit, body.of, body.indicator, asked_day(body.fiscal_year, body.as_of, today()))
    found = await plan_views.proposal(db, ref, plan, body.value, body.fixed)
    return Response(orjson.dumps(schemas.proposal_out(found, plan, ref)), media_type="application/json")


@router.get(
    "/consistency",
    response_model=None,
    responses=answers(ConsistencyOut, example=schemas.CONSISTENCY_EXAMPLE, errors=()),
    summary="Check whether targets add up",
)
async def read_consistency(db: Db, ref: Ref, caller: Reader, query: Annotated[ConsistencyQuery, Query()]) -> Response:
    """Whether the targets of the children, weighted by stock with conditions, reach that of the unit; what is missing.

    What has no target of its own counts at the rate of the unit; a number that is not assigned counts as 0.
    """
    unit = asked_unit(ref, caller, query.unit)
    plan = Plan(unit, query.of, query.indicator, asked_day(query.fiscal_year, query.as_of, today()))
    found = await plan_views.consistency(db, ref, plan)
    return Response(orjson.dumps(schemas.consistency_out(found, plan, ref)), media_type="application/json")


@router.post(
    "/assignments",
    response_model=None,
    responses=answers(TargetsAssigned, status=201, example=target_schemas.ASSIGNED_EXAMPLE, errors=(409,)),
    summary="Assign many targets",
)
async def assign_targets(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[TargetsNew, json_body(TargetsNew)]
) -> Response:
    """Assigns the targets of one decision to many units or officers: all of them or, with an error, none.

    409 when one of them has a target already: amend it. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        unit = Work(session, ref, caller, actor(request, caller))
        ids = await commands.assign_many(unit, body.to_targets())
        rows = await queries.read_targets(Within(session), ref.scope(caller, None), ids)
        return Answer(orjson.dumps({"items": [target_schemas.target_out(row, ref) for row in rows]}), 201)

    return await once(request, db, caller, work)
