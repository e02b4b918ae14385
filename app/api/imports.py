"""Files of cases or events that partners send: taken in piece by piece, and applied so by the jobs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Literal

import orjson
from starlette.requests import ClientDisconnect, Request

from app.api.inflating import content_of
from app.api.items import Unfit
from app.api.lines import BOM, FORMS, Reader, check_start, form_of
from app.api.problems import Malformed, preferred
from app.api.v1.schemas.partner_events import EventInBatch, event_item_out, events_counted
from app.api.v1.schemas.partners import CaseInBatch, counted, item_out
from app.db import SeenBy
from app.errors import DomainError, Fault, invalid
from app.services.access import Actor
from app.services.jobs import commands
from app.services.jobs.rules import Done, Job, Piece, pieces
from app.services.jobs.runner import Kind
from app.services.sync.commands import Options, push
from app.services.sync.event_commands import EventOptions, push_events
from app.services.sync.event_rules import failed_event
from app.services.sync.rules import Mode, Pushed, RepeatedId, Result, failed, rounds
from app.services.work import Work

Subject = Literal["cases", "events"]
CASES: Final = "import_cases"
EVENTS: Final = "import_events"
_OF: Final[Mapping[Subject, tuple[str, Any]]] = {"cases": (CASES, CaseInBatch), "events": (EVENTS, EventInBatch)}
# lines of one piece with the same id are applied one after the other; more of them are hardly meant
MOST_ROUNDS: Final = 20
_LINE: Final = {"application/x-ndjson": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}}
DOCUMENTED: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": _LINE}}


async def received(request: Request, db: SeenBy, actor: Actor, of: Subject, mode: Mode) -> str:
    """The id of a job whose lines are all there; 400, 413, 415, or incomplete when the upload breaks off."""
    (kind, model), form, job_id = _OF[of], form_of(request), None
    if of == "events" and mode != "upsert":
        raise invalid("not-of-events", "is for cases only", "chỉ dùng cho vụ việc", parameter="mode")
    options: dict[str, Any] = {"form": form, "mode": mode, "spoken": preferred(request.scope)}
    try:
        async for piece in pieces(content_of(request)):
            if job_id is None:
                options["columns"] = _start(model, form, piece)
                job_id = await db.write(partial(commands.begin, actor=actor, kind=kind, options=options))
            await db.write(partial(commands.add, job_id=job_id, piece=piece))
    except (ClientDisconnect, DomainError) as error:
        if job_id is not None:
            reason = "upload_broke_off" if isinstance(error, ClientDisconnect) else "upload_refused"
            await db.write(partial(commands.end, job_id=job_id, state="incomplete", reason=reason))
        raise
    if job_id is None:
        raise Malformed(faults=[Fault("empty-body", {"en": "is empty", "vi": "không có nội dung"}, pointer="")])
    await db.write(partial(commands.complete, job_id=job_id))
    return job_id


def _start(model: Any, form: str, piece: Piece) -> list[str]:
    """The columns of CSV; none of NDJSON."""
    check_start(piece.content)
    return Reader(model, form).header(piece.content.split(b"\n", 1)[0]) if form == FORMS[1] else []


async def apply_cases(work: Work, job: Job, piece: Piece) -> Done:
    """Pushes the lines of a piece, those of one id in their order, and tells of each what became of it."""
    read = await _read(CaseInBatch, job, piece)
    results = {number: failed(item.error) for number, item in read.items() if isinstance(item, Unfit)}
    good = {number: item for number, item in read.items() if isinstance(item, CaseInBatch)}
    for place, group in enumerate(rounds([(number, item.to_item()) for number, item in good.items()])):
        results |= await _pushed(work, group, job.options["mode"]) if place < MOST_ROUNDS else _too_often(group)
    told = partial(item_out, spoken=job.options["spoken"], at="")
    return _done(read, counted(list(results.values())), lambda number: told(results[number], read[number]))


async def apply_events(work: Work, job: Job, piece: Piece) -> Done:
    """Books the lines of a piece, those of one case in their order, and tells of each what became of it."""
    read = await _read(EventInBatch, job, piece)
    results = {number: failed_event(item.error) for number, item in read.items() if isinstance(item, Unfit)}
    good = {number: item for number, item in read.items() if isinstance(item, EventInBatch)}
    pushed = await push_events(work, [item.to_item() for item in good.values()], EventOptions())
    results |= dict(zip(good, pushed, strict=True))
    told = partial(event_item_out, spoken=job.options["spoken"], at="")
    return _done(read, events_counted(list(results.values())), lambda number: told(results[number], read[number]))


async def _read(model: Any, job: Job, piece: Piece) -> dict[int, Any]:
    """What each line holds, or what is wrong with it, by its number; read in a thread."""
    reader = Reader(model, job.options["form"], job.options["columns"])
    return await asyncio.to_thread(lambda: {number: reader.read(line) for number, line in _numbered(job, piece)})


def _done(read: Mapping[int, Any], counts: Mapping[str, int], told: Callable[[int], dict[str, Any]]) -> Done:
    lines = [orjson.dumps({"line": number, **told(number)}) + b"\n" for number in read]
    return Done({"lines_read": len(read), **counts}, b"".join(lines))


def _numbered(job: Job, piece: Piece) -> Iterator[tuple[int, bytes]]:
    """Lines that hold something, with their numbers."""
    for number, line in enumerate(piece.content.split(b"\n"), piece.first_line):
        is_head = number == 1 and job.options["form"] == FORMS[1]
        content = line.removeprefix(BOM) if number == 1 else line
        if content.strip() and not is_head:
            yield number, content


async def _pushed(work: Work, group: list[tuple[int, Pushed]], mode: Mode) -> dict[int, Result]:
    results = await push(work, [item for _, item in group], Options(mode))
    return {number: result for (number, _), result in zip(group, results, strict=True)}


def _too_often(group: list[tuple[int, Pushed]]) -> dict[int, Result]:
    return {number: failed(RepeatedId()) for number, _ in group}


KINDS: Final = {CASES: Kind("sync:write", apply_cases), EVENTS: Kind("sync:write", apply_events)}
"""The kinds of jobs there are."""
