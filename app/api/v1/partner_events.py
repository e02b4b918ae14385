"""What happens to the cases partners push: events by ids of theirs, one or many."""

from functools import partial
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Ref, actor
from app.api.idempotency import REPEATABLE
from app.api.items import Many, Unfit, items_body, told
from app.api.problems import answers, preferred
from app.api.routes import StrictRoute
from app.api.v1.partners import LARGE, CaseExternalId, Partner, Pusher, own
from app.api.v1.schemas import partner_events as schemas
from app.api.v1.schemas.case_events import EventNew
from app.api.v1.schemas.partner_events import EventBatch, EventBatchOut, EventInBatch, EventPushOut
from app.api.v1.schemas.partners import MOST_BYTES, ExternalId
from app.services.sync import event_commands
from app.services.sync.event_commands import EventOptions
from app.services.sync.event_rules import EventResult, PushedEvent, failed_event
from app.services.work import Work

router = APIRouter(prefix="/partners/{partner}", tags=["Partners"], route_class=StrictRoute)

EventExternalId = Annotated[ExternalId, Path(description="id of the event, of the partner", examples=["TT-0004711"])]
_BOOKED: Final = answers(EventPushOut, example=schemas.PUSH_EXAMPLE, status=201, description="A new event")


@router.put(
    "/cases/{external_id}/events/{event_id}",
    response_model=None,
    status_code=200,
    responses={**answers(EventPushOut, example=schemas.PUSH_EXAMPLE, errors=(404, 409)), 201: _BOOKED[201]},
    summary="Push one event",
    openapi_extra=REPEATABLE,
)
async def push_event(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Pusher,
    partner: Partner,
    external_id: CaseExternalId,
    event_id: EventExternalId,
    body: Annotated[EventNew, json_body(EventNew)],
) -> Response:
    """Books what happened to a pushed case, such as money collected, once: the same event again is `unchanged`.

    409 `event-reused` when the content differs; otherwise as for any event. Events of one case go in the order of
    their days.
    """
    own(caller, partner)

    async def work(session: AsyncSession) -> EventResult:
        unit = Work(session, ref, caller, actor(request, caller))
        return await event_commands.push_event(unit, PushedEvent(external_id, event_id, body.to_posting()))

    done = await db.write(work)
    is_new = done.outcome == "created"
    headers = {"Location": f"/v1/cases/{done.case_id}/events/{done.event_no}"} if is_new else {}
    status = 201 if is_new else 200
    return Response(orjson.dumps(schemas.event_out(done)), status, headers, media_type="application/json")


@router.post(
    "/events:batch",
    response_model=None,
    responses=answers(EventBatchOut, example=schemas.BATCH_EXAMPLE, errors=(404,)),
    summary="Push many events",
    openapi_extra=LARGE,
)
async def push_events(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Pusher,
    partner: Partner,
    body: Annotated[Many[EventInBatch], items_body(EventBatch, EventInBatch, MOST_BYTES)],
) -> Response:
    """Up to 5,000 events (16 MiB) of pushed cases, at most 50 new ones of one case; the answer tells what became of it

    Each is booked as if pushed alone, those of one case in the order they are in: when one fails the later ones are
    judged without it. An item that fails keeps no other one out, unless `atomic` is true: then nothing is booked.
    Needs no `Idempotency-Key`: the same batch again finds everything `unchanged`.
    """
    own(caller, partner)
    good = [item.to_item() for item in body.items if isinstance(item, EventInBatch)]
    options = EventOptions(**body.options)

    async def work(session: AsyncSession) -> list[EventResult]:
        unit = Work(session, ref, caller, actor(request, caller))
        return await event_commands.push_events(unit, good, options, spoilt=len(good) < len(body.items))

    pushed = iter(await db.write(work)) if good else iter(())
    results = [failed_event(item.error) if isinstance(item, Unfit) else next(pushed) for item in body.items]
    show = partial(schemas.event_item_out, spoken=preferred(request.scope))
    answer = told(body.items, results, show, schemas.events_counted(results), body.options)
    return Response(answer, media_type="application/json")
