"""The events of a case: booking what happened, reading the history."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path
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
from app.api.v1.schemas import case_events as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.case_events import EventBooked, EventNew, EventOut, EventPage
from app.errors import NotFound
from app.services.access import Caller
from app.services.cases import commands, queries
from app.services.work import Work

router = APIRouter(prefix="/cases/{case_id}/events", tags=["Case events"], route_class=StrictRoute)

CaseId = Annotated[Uuid, Path(description="case id", examples=[samples.CASE_ID])]
EventNo = Annotated[int, Path(description="number of the event within the case", ge=1, le=32_767, examples=[4])]
Reader = Annotated[Caller, requires("cases:read")]
Writer = Annotated[Caller, requires("cases:write")]


@router.get(
    "",
    response_model=None,
    responses=answers(EventPage, example=schemas.EVENT_PAGE_EXAMPLE),
    summary="Read the history",
)
async def list_case_events(
    request: Request, db: Db, ref: Ref, caller: Reader, case_id: CaseId, page: Paging
) -> Response:
    """Every event of a case in the order booked, with its movements in the books. Amounts are whole VND."""
    last = after(request, caller, page)
    start = last[0] if last else 0
    rows = await queries.read_events(db, ref.scope(caller, None), case_id, start, page.limit + 1)
    if not rows and not start:  # every case has at least the event that took it in
        raise NotFound
    return page_answer(request, caller, page, [schemas.event_out(row) for row in rows], key=lambda e: (e["event_no"],))


@router.get(
    "/{event_no}",
    response_model=None,
    responses=answers(EventOut, example=schemas.EVENT_EXAMPLE, errors=(304, 404)),
    summary="Read one event",
)
async def read_case_event(
    request: Request, db: Db, ref: Ref, caller: Reader, case_id: CaseId, event_no: EventNo
) -> Response:
    """One event with its movements; it never changes, except that a later event may reverse it."""
    rows = await queries.read_events(db, ref.scope(caller, None), case_id, event_no - 1, 1)
    if not rows or rows[0][0] != event_no:
        raise NotFound
    body = orjson.dumps(schemas.event_out(rows[0]))
    return tagged(request, body, content_tag(1, body))


@router.post(
    "",
    response_model=None,
    responses=answers(EventBooked, status=201, example=schemas.BOOKED_EXAMPLE, errors=(404, 409, 412)),
    summary="Book an event",
)
async def book_case_event(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    case_id: CaseId,
    body: Annotated[EventNew, json_body(EventNew)],
) -> Response:
    """Books what happened to a case as a balanced entry; case, statistics and flags follow at once.

    409 `invalid-transition` when the state does not allow the event: `allowed_events` says which it does. 409 too
    when more money would move than is outstanding, or when the figures of that fiscal year are closed; 409
    `conflict-of-interest` when the case would come to an officer who, or whose relative, is a party.
    Needs an `Idempotency-Key`; `If-Match` is optional and refuses (412) when the case has changed since it was read.
    """
    expected = expected_version(request) if "if-match" in request.headers else None

    async def work(session: AsyncSession) -> Answer:
        unit = Work(session, ref, caller, actor(request, caller))
        booked = await commands.book_event(unit, case_id, expected, body.to_posting())
        out = EventBooked(case_id=case_id, event_no=booked.event_no, version=booked.version)
        location = {"Location": f"/v1/cases/{case_id}/events/{booked.event_no}"}
        return Answer(orjson.dumps(out.model_dump()), 201, location)

    return await once(request, db, caller, work)
