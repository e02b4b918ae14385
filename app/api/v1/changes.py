"""Changes: what happened to cases, units, officers, matters, targets and rules, once each and in order."""

from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Following, Ref, requires
from app.api.following import address, cursor_at, lost, resumed, view_of
from app.api.limits import Limits
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import changes as schemas
from app.api.v1.schemas.cases import case_item
from app.api.v1.schemas.changes import ChangePage, ChangeQuery
from app.services.access import Caller
from app.services.cases import queries as cases
from app.services.changes.feed import Feed
from app.services.changes.queries import Page
from app.services.changes.rules import Place, View
from app.services.reference import Reference

router = APIRouter(prefix="/changes", tags=["Changes"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("changes:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(ChangePage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Follow changes",
)
async def list_changes(
    request: Request, db: Db, ref: Ref, feed: Following, caller: Reader, asked: Annotated[ChangeQuery, Query()]
) -> Response:
    """Every change of what the caller may see, in an order in which versions of one thing rise.

    A change is in the feed within a second of its commit, and never lost: go on with `next`, kept together with what
    was made of the page. Begin with a snapshot of the cases, whose cursor leads here. `left` says that a thing is no
    longer the caller's to see, such as a case handed over to another unit. The token needs the scope that reads a kind,
    too. 410 with `snapshot` when the cursor is of no use any more: the changes after it are no longer kept, they did
    not survive a restore (`changes-lost`), or the caller now sees other things (`view-changed`).
    """
    view = view_of(caller, asked.kinds)
    if not asked.echo:
        view = replace(view, others_only=True)
    limits: Limits = request.app.state.limits
    place = await _place(request, feed, caller, view, asked)
    page = await feed.changes(db, view, place, asked.limit, asked.wait, limits.resting)
    if page is None:
        raise lost()
    items = orjson.dumps(await _full(db, ref, caller, page)) if asked.full else page.items.encode()
    return _answer(items, page, cursor_at(request, caller, view, asked.kinds, page.upto), asked)


async def _place(request: Request, feed: Feed, caller: Caller, view: View, asked: ChangeQuery) -> Place | None:
    if asked.cursor is not None:
        return resumed(request, caller, view, asked.kinds, asked.cursor)
    return await feed.end() if asked.start == "now" else None


async def _full(db: Db, ref: Reference, caller: Caller, page: Page) -> list[dict[str, Any]]:
    """The changes, with cases as they are now, as far as the caller may see them."""
    changes = page.changes()
    upserts = [change for change in changes if change["kind"] == "case" and change["change"] == "upsert"]
    ids = sorted({change["id"] for change in upserts})
    found = await cases.read_items(db, ref.scope(caller, None), ids) if ids else []
    current = {row[0]: case_item(row, ref) for row in found}
    for change in upserts:
        change["current"] = current.get(change["id"])
    return changes


def _answer(items: bytes, page: Page, cursor: str, asked: ChangeQuery) -> Response:
    body = b'{"items":%b,"next":%b,"more":%b}' % (items, orjson.dumps(cursor), orjson.dumps(page.more))
    same = {"limit": asked.limit, "wait": asked.wait, "full": str(asked.full).lower()}
    same |= {} if asked.echo else {"echo": "false"}
    link = f'<{address(cursor, asked.kinds, **same)}>; rel="next"'
    return Response(body, headers={"Link": link}, media_type="application/json")
