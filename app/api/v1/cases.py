"""Cases (việc): lists, single cases as of any day, new cases and corrections."""

from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, demand, requires
from app.api.etag import content_tag, expected_version, tagged, version_tag
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.purpose import NEEDED_WITH_PERSONAL_DATA, purpose_of
from app.api.routes import StrictRoute
from app.api.v1.schemas import cases as schemas
from app.api.v1.schemas.base import BusinessDate, Flag, Uuid
from app.api.v1.schemas.case_inputs import CaseChange, CaseFilters, CaseNew
from app.api.v1.schemas.cases import CaseOut, CasePage, CaseUnmasked
from app.api.v1.schemas.priority import flag_out
from app.clock import today
from app.db import Within
from app.errors import NotFound
from app.services.access import Caller, Scope
from app.services.cases import commands, queries
from app.services.cases.queries import CaseFilter
from app.services.cases.views import CaseView, case_on, flagged
from app.services.parties.commands import unmasked_case
from app.services.reference import Reference
from app.services.work import Work

router = APIRouter(prefix="/cases", tags=["Cases"], route_class=StrictRoute)

CaseId = Annotated[Uuid, Path(description="case id", examples=[schemas.samples.CASE_ID])]
Reader = Annotated[Caller, requires("cases:read")]
Writer = Annotated[Caller, requires("cases:write")]
PersonalData = Annotated[
    Flag,
    Query(description="show parties in full: needs the scope `cases:read.pii` and the header `Purpose`; on record"),
]
AsOf = Annotated[
    BusinessDate | None, Query(description="the day asked for; today when absent", examples=["2025-09-30"])
]


@router.get("", response_model=None, responses=answers(CasePage, example=schemas.PAGE_EXAMPLE), summary="List cases")
async def list_cases(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[CaseFilters, Query()], page: Paging
) -> Response:
    """Cases the caller may see, by decision date, newest first unless `sort` says otherwise.

    All criteria given must hold. Names are found with or without diacritics; persons' names are shown masked.
    Amounts are whole VND.
    """
    scope = ref.scope(caller, ref.asked(caller, filters.unit))
    wanted = flagged(filters.to_filter(), filters.flag, ref)
    rows = await queries.list_cases(db, scope, wanted, after(request, caller, page), page.limit + 1)
    count = await _count(db, scope, wanted, filters.count)
    items = [schemas.case_item(row, ref) for row in rows]
    return page_answer(request, caller, page, items, lambda item: (item["decision_date"], item["id"]), count=count)


async def _count(db: Db, scope: Scope, wanted: CaseFilter, asked: str | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    exact = asked == "exact"
    return {"value": await queries.count_cases(db, scope, wanted, exact=exact), "exact": exact}


@router.get(
    "/{case_id}",
    response_model=None,
    responses=answers(CaseOut | CaseUnmasked, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read one case",
    openapi_extra=NEEDED_WITH_PERSONAL_DATA,
)
async def read_case(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Reader,
    case_id: CaseId,
    as_of: AsOf = None,
    personal_data: PersonalData = False,
) -> Response:
    """A case with its obligations, its parties and the priority flags raised on the day asked for.

    With `as_of` state, unit, officer and balances are those the books had on that day, by effective days.
    404 when there is no such case, when the caller may not see it, or before it was accepted.

    `personal_data=true` shows names in full, identity numbers, addresses and phones, once it is on record who saw what
    of whom and why: 403 without the scope `cases:read.pii`, 400 without a `Purpose`. HEAD is on record like GET. The
    `ETag` of such an answer is new each time: it serves `If-Match`, but there is no 304.
    """
    if personal_data:
        return await _unmasked(request, db, ref, caller, case_id, as_of or today())
    view = await case_on(db, ref.scope(caller, None), ref, case_id, as_of or today())
    if view is None:
        raise NotFound
    body = _body(view, ref)
    return tagged(request, body, content_tag(view.version, body))


async def _unmasked(request: Request, db: Db, ref: Reference, caller: Caller, case_id: str, on: date) -> Response:
    """The case with personal data, once that is on record. A digest would give them away, so the tag is random."""
    demand(caller, "cases:read.pii")
    purpose = purpose_of(request)
    view = await db.write(
        lambda session: unmasked_case(Work(session, ref, caller, actor(request, caller)), case_id, on, purpose)
    )
    headers = {"ETag": version_tag(view.version, request.scope["request_id"]), "Cache-Control": "no-store"}
    return Response(_body(view, ref), headers=headers, media_type="application/json")


@router.post(
    "",
    response_model=None,
    responses=answers(CaseOut, status=201, example=schemas.OUT_EXAMPLE, errors=(409,)),
    summary="Take a new case into the books",
)
async def create_case(
    request: Request, db: Db, ref: Ref, caller: Writer, body: Annotated[CaseNew, json_body(CaseNew)]
) -> Response:
    """Books an enforcement decision as newly accepted (thụ lý mới): new → enforcing, with the sum of its money.

    409 `conflict-of-interest` when a party is the officer, or registered as the officer's relative: name another one.
    Needs an `Idempotency-Key`: repeating the request with the same key gives the same answer, once booked.
    """

    async def work(session: AsyncSession) -> Answer:
        case_id = await commands.create_case(Work(session, ref, caller, actor(request, caller)), body.to_case())
        return await _answer(session, ref, caller, case_id, 201)

    return await once(request, db, caller, work)


@router.patch(
    "/{case_id}",
    response_model=None,
    responses=answers(CaseOut, example=schemas.OUT_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Correct a case",
)
async def change_case(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    case_id: CaseId,
    body: Annotated[CaseChange, json_body(CaseChange)],
) -> Response:
    """Corrects what is written about a case; its money and its state move by events only.

    A case that counts as something else from now on (kind, segments, matter) takes what it has in the books with it
    today, by an event `reclassified`; figures of earlier periods stay as they are. 409 when this year is closed.
    Needs `If-Match` with the ETag read before. The reason is kept in the trail. 409 `conflict-of-interest` when new
    parties are relatives of the officer.
    """
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        unit = Work(session, ref, caller, actor(request, caller, body.reason))
        await commands.change_case(unit, case_id, expected, body.changes())
        return await _answer(session, ref, caller, case_id, 200)

    answer = await db.write(work)
    return Response(answer.body, answer.status, dict(answer.headers), media_type="application/json")


async def _answer(session: AsyncSession, ref: Reference, caller: Caller, case_id: str, status: int) -> Answer:
    """The case as this transaction sees it."""
    view = await case_on(Within(session), ref.scope(caller, None), ref, case_id, today())
    if view is None:
        raise NotFound
    body = _body(view, ref)
    headers = {"ETag": content_tag(view.version, body)}
    if status == 201:
        headers["Location"] = f"/v1/cases/{case_id}"
    return Answer(body, status, headers)


def _body(view: CaseView, ref: Reference) -> bytes:
    flags = [flag_out(flag) for flag in view.flags]
    out = schemas.case_out(view.row, ref, view.on.isoformat(), view.judgment, view.obligations, view.parties, flags)
    return orjson.dumps(out)
