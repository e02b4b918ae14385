"""Webhooks (thông báo tự động): changes sent to a client's own address, signed, in order, until they arrive."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, Webhooks, actor, requires
from app.api.etag import content_tag, expected_version, tagged
from app.api.following import view_of
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import webhooks as schemas
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.webhooks import (
    DeliveryPage,
    KeyNew,
    Replay,
    WebhookChange,
    WebhookNew,
    WebhookOut,
    WebhookPage,
    WebhookWithSecret,
)
from app.db import Reads, Row, Within
from app.errors import NotFound
from app.services.access import Caller
from app.services.webhooks import commands, queries
from app.services.webhooks.dispatcher import Dispatcher
from app.services.work import Work

router = APIRouter(prefix="/webhooks", tags=["Webhooks"], route_class=StrictRoute)

Owner = Annotated[Caller, requires("webhooks:write")]
WebhookId = Annotated[Uuid, Path(description="webhook id", examples=[schemas.WEBHOOK_ID])]


@router.get(
    "",
    response_model=None,
    responses=answers(WebhookPage, example=schemas.PAGE_EXAMPLE, errors=()),
    summary="List webhooks",
)
async def list_webhooks(request: Request, db: Db, hooks: Webhooks, caller: Owner, page: Paging) -> Response:
    """The subscriptions of the client itself, with how their deliveries go; nobody else sees them."""
    rows = await queries.list_webhooks(db, caller.client_id, after(request, caller, page), page.limit + 1)
    items = [_out(hooks, row) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["id"],))


@router.get(
    "/{webhook_id}",
    response_model=None,
    responses=answers(WebhookOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read a webhook",
)
async def read_webhook(request: Request, db: Db, hooks: Webhooks, caller: Owner, webhook_id: WebhookId) -> Response:
    """One subscription, with the ETag that changing it needs; its secret is never shown again."""
    return tagged(request, *await _read(db, hooks, caller, webhook_id))


@router.post(
    "",
    response_model=None,
    responses=answers(WebhookWithSecret, status=201, example=schemas.SECRET_EXAMPLE, errors=(409,)),
    summary="Subscribe to changes",
)
async def create_webhook(
    request: Request,
    db: Db,
    ref: Ref,
    hooks: Webhooks,
    caller: Owner,
    body: Annotated[WebhookNew, json_body(WebhookNew)],
) -> Response:
    """From now on changes of these kinds are sent to the address, as far as the client may see them then.

    The token needs the scope that reads a kind, too (403). 422 when the address is not public, 409 when the client has
    ten already. Needs an `Idempotency-Key`.
    """
    view_of(caller, body.kinds)
    await hooks.sender.check(body.url)

    async def work(session: AsyncSession) -> Answer:
        webhook_id = await commands.create(Work(session, ref, caller, actor(request, caller)), body.to_new())
        return await _shown(session, hooks, caller, webhook_id)

    return _with_secret(hooks, await once(request, db, caller, work))


@router.patch(
    "/{webhook_id}",
    response_model=None,
    responses=answers(WebhookOut, example=schemas.OUT_EXAMPLE, errors=(404, 412, 428)),
    summary="Change a webhook",
)
async def change_webhook(
    request: Request,
    db: Db,
    ref: Ref,
    hooks: Webhooks,
    caller: Owner,
    webhook_id: WebhookId,
    body: Annotated[WebhookChange, json_body(WebhookChange)],
) -> Response:
    """Changes address, kinds, unit, description or state. Needs `If-Match` with the ETag read before.

    Deliveries go on after the last one: what changed while it was disabled is sent when it is active again, as long as
    the feed keeps it.
    """
    expected = expected_version(request)
    if body.kinds is not None:
        view_of(caller, body.kinds)
    if body.url is not None:
        await hooks.sender.check(body.url)

    async def work(session: AsyncSession) -> tuple[bytes, str]:
        unit_of_work = Work(session, ref, caller, actor(request, caller))
        await commands.change(unit_of_work, webhook_id, expected, body.given())
        return await _read(Within(session), hooks, caller, webhook_id)

    content, etag = await db.write(work)
    return Response(content, 200, {"ETag": etag}, media_type="application/json")


@router.delete(
    "/{webhook_id}",
    response_model=None,
    responses=answers(None, status=204, errors=(404, 412, 428)),
    summary="Delete a webhook",
)
async def delete_webhook(request: Request, db: Db, ref: Ref, caller: Owner, webhook_id: WebhookId) -> Response:
    """Ends the subscription, and forgets its log and keys. Needs `If-Match` with the ETag read before."""
    expected = expected_version(request)
    about = actor(request, caller)
    await db.write(lambda session: commands.remove(Work(session, ref, caller, about), webhook_id, expected))
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/keys",
    response_model=None,
    responses=answers(WebhookWithSecret, status=201, example=schemas.SECRET_EXAMPLE, errors=(404,)),
    summary="Let a new key sign",
)
async def rotate_webhook_key(
    request: Request,
    db: Db,
    ref: Ref,
    hooks: Webhooks,
    caller: Owner,
    webhook_id: WebhookId,
    body: Annotated[KeyNew, json_body(KeyNew)],
) -> Response:
    """Requests carry two signatures, by the new key and by the one before, until `keep_hours` are over.

    The answer shows the new public key, or the new secret, this once. Needs an `Idempotency-Key`.
    """

    async def work(session: AsyncSession) -> Answer:
        await commands.rotate(Work(session, ref, caller, actor(request, caller)), webhook_id, body.keep)
        return await _shown(session, hooks, caller, webhook_id)

    return _with_secret(hooks, await once(request, db, caller, work))


@router.post(
    "/{webhook_id}/replays",
    response_model=None,
    responses=answers(WebhookOut, status=202, example=schemas.OUT_EXAMPLE, errors=(404,)),
    summary="Have events sent again",
)
async def replay_webhook(
    request: Request,
    db: Db,
    ref: Ref,
    hooks: Webhooks,
    caller: Owner,
    webhook_id: WebhookId,
    body: Annotated[Replay, json_body(Replay)],
) -> Response:
    """Sends changes of a time, or single events, once more, in their order, before those still waiting.

    They have the ids they had, and are what the client may see of them now. 422 when the feed no longer keeps them.
    Needs an `Idempotency-Key`.
    """

    async def wanted(work: Work) -> None:
        if body.events is not None:
            await commands.replay_events(work, webhook_id, body.events)
        elif body.since is not None:
            await commands.replay_between(work, webhook_id, body.since, body.until)

    return await _accepted(request, db, ref, hooks, caller, webhook_id, wanted)


@router.post(
    "/{webhook_id}/tests",
    response_model=None,
    responses=answers(WebhookOut, status=202, example=schemas.OUT_EXAMPLE, errors=(404, 409)),
    summary="Send a test event",
)
async def test_webhook(
    request: Request, db: Db, ref: Ref, hooks: Webhooks, caller: Owner, webhook_id: WebhookId
) -> Response:
    """Sends a signed event of the type `vn.thads.webhook.test` at once and only once; the log tells what came of it.

    Where it arrives, events that wait for their next attempt are tried at once. 409 when the subscription is not
    active. Needs an `Idempotency-Key`.
    """
    return await _accepted(
        request, db, ref, hooks, caller, webhook_id, lambda work: commands.ask_test(work, webhook_id)
    )


@router.get(
    "/{webhook_id}/deliveries",
    response_model=None,
    responses=answers(DeliveryPage, example=schemas.DELIVERIES_EXAMPLE, errors=(404,)),
    summary="List deliveries",
)
async def list_webhook_deliveries(
    request: Request, db: Db, caller: Owner, webhook_id: WebhookId, page: Paging
) -> Response:
    """Every attempt of the last 30 days, newest first: what came of it, how long it took, when it is tried again."""
    if await queries.read_webhook(db, caller.client_id, webhook_id) is None:
        raise NotFound
    last = after(request, caller, page)
    rows = await queries.list_deliveries(db, caller.client_id, webhook_id, last, page.limit + 1)
    items = [schemas.delivery_out(row) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["id"],))


async def _accepted(
    request: Request,
    db: Db,
    ref: Ref,
    hooks: Dispatcher,
    caller: Caller,
    webhook_id: str,
    wanted: Callable[[Work], Awaitable[None]],
) -> Response:
    """202 for what the dispatcher is to do, once however often it is asked for with one key."""

    async def work(session: AsyncSession) -> Answer:
        await wanted(Work(session, ref, caller, actor(request, caller)))
        body, etag = await _read(Within(session), hooks, caller, webhook_id)
        return Answer(body, 202, {"ETag": etag})

    return await once(request, db, caller, work)


async def _read(db: Reads, hooks: Dispatcher, caller: Caller, webhook_id: str) -> tuple[bytes, str]:
    out = _out(hooks, await _found(db, caller, webhook_id))
    body = orjson.dumps(out)
    return body, content_tag(out["version"], body)


async def _found(db: Reads, caller: Caller, webhook_id: str) -> Row:
    row = await queries.read_webhook(db, caller.client_id, webhook_id)
    if row is None:
        raise NotFound
    return row


def _out(hooks: Dispatcher, row: Row) -> dict[str, Any]:
    return schemas.webhook_out(row, hooks.keys.public_key(row[0], row[6], row[7]))


async def _shown(session: AsyncSession, hooks: Dispatcher, caller: Caller, webhook_id: str) -> Answer:
    """The answer that will show the secret: what is stored of it has the number of the key in its place."""
    row = await _found(Within(session), caller, webhook_id)
    out = _out(hooks, row)
    etag = content_tag(out["version"], orjson.dumps(out))
    body = orjson.dumps({**out, "secret": row[7]})
    return Answer(body, headers={"ETag": etag, "Location": f"/v1/webhooks/{webhook_id}"})


def _with_secret(hooks: Dispatcher, answer: Response) -> Response:
    """Puts the secret where the number of its key is, so that it is never stored, not even for a repeated request."""
    out = orjson.loads(answer.body)
    out["secret"] = hooks.keys.secret(out["id"], out["signature"], out["secret"])
    del answer.headers["content-length"]
    return Response(orjson.dumps(out), answer.status_code, dict(answer.headers), media_type="application/json")
