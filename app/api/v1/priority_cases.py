"""Priority cases: who is flagged on any day and why, who will be soon, and how many there are."""

from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import priority_cases as schemas
from app.api.v1.schemas.priority_cases import (
    AgesOut,
    AgesQuery,
    PriorityCasePage,
    PriorityFilters,
    SummaryOut,
    SummaryQuery,
    UpcomingCasePage,
    UpcomingFilters,
)
from app.clock import today
from app.services.access import Caller
from app.services.priority.queries import list_flagged
from app.services.priority.rules import stretches
from app.services.priority.upcoming_queries import list_upcoming
from app.services.priority.views import ages, summary, wanted

router = APIRouter(prefix="/priority-cases", tags=["Priority cases"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("priority:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(PriorityCasePage, example=schemas.PAGE_EXAMPLE, errors=()),
    summary="List flagged cases",
)
async def list_priority_cases(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[PriorityFilters, Query()], page: Paging
) -> Response:
    """Cases that carry a priority flag on a day, most urgent first: by decision date, then id.

    Every item names all flags raised on it, each with the rule version, the facts compared, the day since which it
    holds and the legal basis. On a past day state, unit, officer and balances are those of that day, by effective
    days, and a unit stands for all units it succeeded since; cases that have gone to a unit outside the caller's
    since then are left out. Only open cases are flagged: none that have ended or are in the separate register.
    """
    on = filters.as_of or today()
    asked = wanted(
        ref,
        caller,
        on,
        unit=ref.asked(caller, filters.unit),
        names=filters.names,
        officer_id=filters.officer,
        with_conditions=filters.with_conditions,
    )
    rows = await list_flagged(db, asked, after(request, caller, page), page.limit + 1)
    rules = ref.rules_on(on)
    items = [schemas.priority_item(row, ref, on, rules) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["decision_date"], item["id"]))


@router.get(
    "/upcoming",
    response_model=None,
    responses=answers(UpcomingCasePage, example=schemas.UPCOMING_EXAMPLE, errors=()),
    summary="List cases about to be flagged",
)
async def list_upcoming_cases(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[UpcomingFilters, Query()], page: Paging
) -> Response:
    """Cases that do not carry a flag today but will within some days, if nothing changes: by age, or by a new rule.

    One item per case and flag, by the day the flag will be raised. Tracking by a committee cannot be foreseen.
    """
    day = today()
    asked = wanted(ref, caller, day, unit=ref.asked(caller, filters.unit), officer_id=filters.officer)
    ahead = stretches(ref.rules, day, day + timedelta(days=filters.within_days))
    rows = await list_upcoming(db, asked, ahead, after(request, caller, page), page.limit + 1)
    items = [schemas.upcoming_item(row, ref, ref.rules) for row in rows]

    def key(item: dict[str, Any]) -> tuple[str, ...]:
        return item["raised_on"], item["decision_date"], item["id"], item["raises"]["flag"]

    return page_answer(request, caller, page, items, key)


@router.get(
    "/summary",
    response_model=None,
    responses=answers(SummaryOut, example=schemas.SUMMARY_EXAMPLE, errors=()),
    summary="Count flagged cases",
)
async def read_priority_summary(db: Db, ref: Ref, caller: Reader, asked: Annotated[SummaryQuery, Query()]) -> Response:
    """Cases and money by flag for a unit and its parts; a case with several flags counts once in `total`.

    Money is whole VND: what must be enforced and what is outstanding, as of the day. On a past day a unit stands for
    all units it succeeded since.
    """
    totals = await summary(db, ref, caller, asked.as_of or today(), unit_id=asked.unit, by=asked.group_by)
    return Response(orjson.dumps(schemas.summary_out(totals, ref)), media_type="application/json")


@router.get(
    "/by-age",
    response_model=None,
    responses=answers(AgesOut, example=schemas.AGES_EXAMPLE, errors=()),
    summary="Count flagged cases by age",
)
async def read_priority_ages(db: Db, ref: Ref, caller: Reader, asked: Annotated[AgesQuery, Query()]) -> Response:
    """Flagged cases of a unit by the year of their decision: each once, by its only flag or as one of several.

    Money is whole VND, as in the summary, and the bands add up to its `total`.
    """
    found = await ages(db, ref, caller, asked.as_of or today(), unit_id=asked.unit)
    return Response(orjson.dumps(schemas.ages_out(found, ref)), media_type="application/json")
