"""Snapshots: everything the caller may see as of one moment, and where its changes go on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, requires
from app.api.following import address, cursor_at, view_of
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.streaming import NDJSON, Lines
from app.api.v1.schemas import snapshots as schemas
from app.api.v1.schemas.snapshots import SnapshotLine, SnapshotQuery
from app.db import Snapshot
from app.services.access import Caller
from app.services.cases.snapshot_queries import copy_cases
from app.services.changes.queries import read_head
from app.services.changes.rules import View
from app.services.reference import ReferenceCache

router = APIRouter(prefix="/snapshots", tags=["Snapshots"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("changes:read")]
_KINDS: Final = ["case"]


@router.get(
    "/cases",
    response_model=None,
    response_class=Lines,
    responses=answers(SnapshotLine, example=schemas.EXAMPLE, errors=(), media_type=NDJSON),
    summary="Take a snapshot of the cases",
)
async def snapshot_cases(
    request: Request, db: Db, caller: Reader, asked: Annotated[SnapshotQuery, Query()]
) -> Response:
    """All cases the caller may see, as of one moment, a line of JSON each, as in the list; gzip when asked for.

    The first line has the cursor of the change feed to go on from, the last one the number of cases: without it the
    stream broke off. Then ask again with `after`, the last id that came, and keep the cursor of the *first* stream:
    what changed meanwhile comes with the changes after it. The token needs `cases:read`, too. 503 when too many
    snapshots are being taken.
    """
    view = view_of(caller, _KINDS)
    return Lines(request, _lines(request, db, caller, view, asked.after))


async def _lines(request: Request, db: Db, caller: Caller, view: View, after: str | None) -> AsyncGenerator[bytes]:
    async with db.long_snapshot() as snapshot:
        yield await _begun(request, snapshot, caller, view)
        cache: ReferenceCache = request.app.state.reference
        await cache.reload()  # so that it has every unit and officer the snapshot has
        ref, cases = cache.current, 0
        copied = copy_cases(snapshot, ref.scope(caller, None), schemas.shown(ref), after)
        async with aclosing(copied) as blocks:
            async for block in blocks:
                cases += block.count(b"\n")
                yield block
    yield schemas.line({"end": {"cases": cases}})


async def _begun(request: Request, snapshot: Snapshot, caller: Caller, view: View) -> bytes:
    """The first line. The transaction sees everything numbered up to its cursor, and what it lacks comes after it."""
    place = (await read_head(snapshot)).place
    cursor = cursor_at(request, caller, view, _KINDS, place)
    taken_at = (await snapshot.fetch("SELECT now()"))[0][0]
    return schemas.line({"snapshot": {"taken_at": taken_at, "cursor": cursor, "changes": address(cursor, _KINDS)}})
