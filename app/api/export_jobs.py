"""Exports as jobs: some pages of a list in each step, whose bytes are kept with where the next one begins."""

import asyncio
import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import demand
from app.api.exports import CSV, ENDINGS, Collection
from app.api.pagination import MAX_LIMIT, Page
from app.api.tables import Item, csv_header, csv_rows, json_lines
from app.api.unattended import Listing
from app.api.workbook_parts import Written, next_part
from app.api.xlsx import XLSX
from app.clock import today
from app.errors import Forbidden
from app.services.access import Actor, Caller
from app.services.clients.people import caller_of
from app.services.clients.tokens import Claimed, Verified
from app.services.jobs import commands
from app.services.jobs.rules import EXPORT, Done, Job, Piece
from app.services.jobs.runner import Kind
from app.services.reference import Reference
from app.services.work import Work

SCOPE: Final = "jobs:write"
FORMS: Final = {ending: kind for kind, ending in ENDINGS.items()}
# of a step, whichever comes first; its transaction stays open meanwhile
PAGES: Final = 8
STEP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a step begins: the cursor of its first page, whether it is the first, and how far a workbook is."""

    cursor: str | None = None
    is_first: bool = True
    book: Written = field(default_factory=Written)


def query_of(query: dict[str, str | list[str]]) -> str:
    """Filters as a query string."""
    return urlencode(query, doseq=True)


def sees(caller: Caller) -> list[Any]:
    """What decides which rows a caller sees, as JSON gives it back."""
    person = [caller.person.unit_id, caller.person.role] if caller.person else None
    return [list(caller.paths), caller.clearance, caller.institution, person]


def options_of(listing: Listing, form: str, caller: Caller, verified: Verified, *, bom: bool) -> dict[str, Any]:
    """All that the job has to know: the list, the form, and who asks, with what the token said and what they see."""
    person = asdict(verified.person) if verified.person else None
    return {
        "path": listing.path,
        "query": listing.query,
        "form": FORMS[form],
        "bom": bom,
        "scope": listing.scope,
        "file": f"{listing.collection.name}-{today().isoformat()}.{form}",
        "token": {"scopes": sorted(verified.scopes), "outside": verified.outside, "person": person},
        "sees": sees(caller),
    }


async def begin(session: AsyncSession, actor: Actor, options: dict[str, Any]) -> str:
    """The id of a job that waits for a worker. 409 when the caller has as many at work as it may."""
    await commands.check_exports(session, actor)
    job_id = await commands.begin(session, actor, EXPORT, options)
    await commands.add(session, job_id, Piece(1, _kept(_Place())))
    await commands.complete(session, job_id)
    return job_id


def check_reader(caller: Caller, options: dict[str, Any]) -> None:
    """403 unless the caller may still read the list, and would see of it what it saw when the job was begun."""
    demand(caller, options["scope"])
    if sees(caller) != options["sees"]:
        raise Forbidden(
            {
                "en": "What the caller may see has changed since the export was begun.",
                "vi": "Phạm vi được xem đã thay đổi từ khi bắt đầu xuất danh sách.",
            }
        )


def _caller(reference: Reference, job: Job) -> Caller | None:
    """Who began the job, as of now; None when they may no longer read the list, or see other rows than then."""
    token = job.options["token"]
    person = Claimed(**token["person"]) if token["person"] else None
    verified = Verified(job.client_id, frozenset(token["scopes"]), 0.0, token["outside"], person)
    caller = caller_of(reference, verified)
    if caller is None or job.options["scope"] not in caller.scopes or sees(caller) != job.options["sees"]:
        return None
    return caller


def kinds(app: FastAPI) -> dict[str, Kind]:
    """The kind of job this is, for the runner of this application."""
    return {EXPORT: Kind(SCOPE, partial(_step, app), _caller)}


async def _step(app: FastAPI, work: Work, job: Job, piece: Piece) -> Done:
    listing = Listing.find(app, job.options["path"], job.options["query"])
    if listing is None:
        raise RuntimeError("the list of an export is no longer there")
    place = _placed(piece.content)
    items, cursor = await _pages(listing, work, place.cursor)
    write = partial(_written, listing.collection, job.options, items, place, last=cursor is None)
    content, book = await asyncio.to_thread(write)
    rest = None if cursor is None else _kept(_Place(cursor, is_first=False, book=book))
    return Done({"lines_read": len(items)}, content, rest)


async def _pages(listing: Listing, work: Work, cursor: str | None) -> tuple[list[Item], str | None]:
    """Items of some pages, and the cursor of the one after; None after the last."""
    items: list[Item] = []
    until = time.monotonic() + STEP_SECONDS
    for _ in range(PAGES):
        page = orjson.loads((await listing.page(work.ref, work.caller, Page(MAX_LIMIT, cursor))).body)
        items += page["items"]
        cursor = page["next"]
        if cursor is None or time.monotonic() > until:
            break
    return items, cursor


def _written(
    collection: Collection, options: Any, items: list[Item], place: _Place, *, last: bool
) -> tuple[bytes, Written]:
    """These items in the form of the export; done in a thread."""
    if options["form"] == XLSX:
        return next_part(collection.columns, items, place.book, last=last)
    if options["form"] == CSV:
        header = csv_header(collection.columns, bom=options["bom"]) if place.is_first else b""
        return header + csv_rows(collection.columns, items), place.book
    return json_lines(items), place.book


def _kept(place: _Place) -> bytes:
    return orjson.dumps(place)


def _placed(content: bytes) -> _Place:
    place = _Place(**orjson.loads(content))
    return replace(place, book=Written(**place.book))  # type: ignore[arg-type]  # JSON gave a dict
