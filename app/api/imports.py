"""Files of cases that partners send: taken in piece by piece, and applied so by the jobs."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from app.api.lines import BOM, FORMS, Reader, check_start, form_of
from app.api.problems import Malformed, preferred
from app.api.v1.schemas.partners import CaseInBatch, counted, item_out
from app.db import SeenBy
from app.errors import DomainError, Fault
from app.services.access import Actor
from app.services.jobs import commands
from app.services.jobs.rules import Done, Job, Piece, pieces
from app.services.jobs.runner import Kind
from app.services.sync.commands import Options, push
from app.services.sync.rules import Mode, Pushed, RepeatedId, Result, failed, rounds
from app.services.work import Work

KIND: Final = "import_cases"
# lines of one piece with the same id are applied one after the other; more of them are hardly meant
MOST_ROUNDS: Final = 20
_LINE: Final = {"application/x-ndjson": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}}
DOCUMENTED: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": _LINE}}


async def received(request: Request, db: SeenBy, actor: Actor, mode: Mode) -> str:
    """The id of a job whose lines are all there; 400, 415, or incomplete when the upload breaks off."""
    form, job_id = form_of(request), None
    options: dict[str, Any] = {"form": form, "mode": mode, "spoken": preferred(request.scope)}
    try:
        async for piece in pieces(request.stream()):
            if job_id is None:
                options["columns"] = _start(form, piece)
                job_id = await db.write(partial(commands.begin, actor=actor, kind=KIND, options=options))
            await db.write(partial(commands.add, job_id=job_id, piece=piece))
    except (ClientDisconnect, DomainError):
        if job_id is not None:
            await db.write(partial(commands.end, job_id=job_id, state="incomplete"))
        raise
    if job_id is None:
        raise Malformed(faults=[Fault("empty-body", {"en": "is empty", "vi": "không có nội dung"}, pointer="")])
    await db.write(partial(commands.complete, job_id=job_id))
    return job_id


def _start(form: str, piece: Piece) -> list[str]:
    """The columns of CSV; none of NDJSON."""
    check_start(piece.content)
    return Reader(CaseInBatch, form).header(piece.content.split(b"\n", 1)[0]) if form == FORMS[1] else []


async def apply_lines(work: Work, job: Job, piece: Piece) -> Done:
    """Pushes the lines of a piece, those of one id in their order, and tells of each what became of it."""
    reader = Reader(CaseInBatch, job.options["form"], job.options["columns"])
    read = await asyncio.to_thread(lambda: {number: reader.read(line) for number, line in _numbered(job, piece)})
    results = {number: failed(item) for number, item in read.items() if isinstance(item, DomainError)}
    good = [(number, item.to_item()) for number, item in read.items() if isinstance(item, CaseInBatch)]
    for place, group in enumerate(rounds(good)):
        results |= await _pushed(work, group, job.options["mode"]) if place < MOST_ROUNDS else _too_often(group)
    ids = {number: item.external_id for number, item in good}
    lines = [
        {"line": number, **item_out(results[number], ids.get(number), job.options["spoken"], "")} for number in read
    ]
    counts = {"lines_read": len(read), **counted(list(results.values()))}
    return Done(counts, b"".join(orjson.dumps(line) + b"\n" for line in lines))


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


KINDS: Final = {KIND: Kind("sync:write", apply_lines)}
"""The kinds of jobs there are."""
