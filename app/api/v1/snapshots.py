"""Snapshots: everything the caller may see as of one moment, and where its changes go on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, requires
from app.api.following import address, cursor_at, lost, resumed, view_of
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.streaming import NDJSON, Lines
from app.api.v1.schemas import snapshots as schemas
from app.api.v1.schemas.snapshots import CheckOut, CheckQuery, SnapshotLine, SnapshotQuery
from app.db import Snapshot
from app.services.access import Caller
from app.services.cases.snapshot_queries import copy_cases
from app.services.changes.queries import read_head
from app.services.changes.rules import View
from app.services.reference import Reference, ReferenceCache
from app.services.sync.checks import check

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


@router.get(
    "/cases/checksums",
    response_model=None,
    responses=answers(CheckOut, example=schemas.CHECK_EXAMPLE, errors=(410,)),
    summary="Check a copy of the cases",
)
async def check_copy(request: Request, db: Db, caller: Reader, asked: Annotated[CheckQuery, Query()]) -> Response:
    """What the cases you may see add up to, unit by unit, to compare with a copy kept by snapshot and feed.

    Where `changed` is true the copy may differ until it has followed the feed; everywhere else a difference means that
    the copy is not true, and the cases of that unit should be fetched anew. The cursor must be of `kinds=case`; 410 as
    in the feed. The token needs `cases:read`, too. 503 when too many snapshots are being taken.
    """
    view = view_of(caller, _KINDS)
    place = None if asked.cursor is None else resumed(request, caller, view, _KINDS, asked.cursor)
    async with db.long_snapshot() as snapshot:
        taken_at, ref = await _taken_at(snapshot), await _current(request)
        sums = await check(snapshot, ref, caller, view, place)
    if sums is None:
        raise lost()
    return Response(orjson.dumps(schemas.check_out(taken_at, sums, ref)), media_type="application/json")


async def _lines(request: Request, db: Db, caller: Caller, view: View, after: str | None) -> AsyncGenerator[bytes]:
    async with db.long_snapshot() as snapshot:
        yield await _begun(request, snapshot, caller, view)
        ref, cases = await _current(request), 0
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
    begun = {"taken_at": await _taken_at(snapshot), "cursor": cursor, "changes": address(cursor, _KINDS)}
    return schemas.line({"snapshot": begun})


async def _taken_at(snapshot: Snapshot) -> str:
    taken_at: str = (await snapshot.fetch("SELECT now()"))[0][0]
    return taken_at


async def _current(request: Request) -> Reference:
    """The reference data as they are now, so that they have every unit and officer a snapshot taken before has."""
    cache: ReferenceCache = request.app.state.reference
    await cache.reload()
    return cache.current
