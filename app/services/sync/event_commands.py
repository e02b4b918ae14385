"""Booking what partners push as events of their own cases: each once, however often it is pushed.

Events of many cases go in rounds: one round holds one event of each case, and takes a bounded number of statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
from sqlalchemy import text

from app.errors import DomainError, NotFound
from app.services.cases.booking import Booked, book_events
from app.services.cases.rows import Refused
from app.services.sync.event_rules import (
    MOST_OF_CASE,
    EventResult,
    KnownEvent,
    PushedEvent,
    TooManyOfCase,
    failed_event,
    number_of,
)
from app.services.sync.rules import NotApplied, rounds
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class EventOptions:
    """How a batch is applied: all or none of it, or none but as if."""

    atomic: bool = False
    dry_run: bool = False


class _Undone(Exception):
    """What was booked is to be taken back."""


async def push_events(
    work: Work, items: Sequence[PushedEvent], options: EventOptions, *, spoilt: bool = False
) -> list[EventResult]:
    """Books events of the caller's cases, unless they were booked before; returns what became of each, in their order.

    Those of one case are booked in their order, each as if pushed alone: one that fails leaves the later ones to be
    judged without it. An event fails alone, unless the batch is `atomic`: then none is booked, for which `spoilt`, an
    item that did not get as far as here, is enough. Whoever pushes events of the same cases at the same time waits.
    """
    results: dict[int, EventResult] = {}
    try:
        async with work.session.begin_nested():
            results = await _push(work, items)
            broken = spoilt or any(result.outcome == "failed" for result in results.values())
            if options.dry_run or (options.atomic and broken):
                raise _Undone
    except _Undone:
        give_up = options.atomic and broken
        results = {number: _taken_back(result, give_up=give_up) for number, result in results.items()}
    return [results[number] for number in range(len(items))]


async def push_event(work: Work, item: PushedEvent) -> EventResult:
    """Books one event; as `push_events`, but raises NotFound, EventReused, and what `book_event` raises."""
    result = (await _push(work, [item]))[0]
    if result.error is not None:
        raise result.error
    return result


def _taken_back(result: EventResult, *, give_up: bool) -> EventResult:
    """What is told of an event that is not in the books: it has no number."""
    if result.outcome != "created":
        return result
    return failed_event(NotApplied()) if give_up else EventResult("created", result.case_id)


@dataclass(slots=True)
class _Seen:
    """The partner's cases among those asked for, and the events it pushed of them."""

    cases: Mapping[str, str]
    events: dict[tuple[str, str], KnownEvent] = field(default_factory=dict)


async def _push(work: Work, items: Sequence[PushedEvent]) -> dict[int, EventResult]:
    cases = await _cases(work, sorted({item.external_id for item in items}))
    seen = _Seen(cases, await _known(work, items))
    results: dict[int, EventResult] = {}
    rest: list[tuple[int, PushedEvent]] = []
    for number, item in enumerate(items):
        if judged := _judged(item, seen):
            results[number] = judged
        else:
            rest.append((number, item))
    for place, group in enumerate(rounds(rest)):
        if place < MOST_OF_CASE:
            results |= await _round(work, group, seen)
        else:
            results |= {number: failed_event(TooManyOfCase()) for number, _ in group}
    return results


def _judged(item: PushedEvent, seen: _Seen) -> EventResult | None:
    """What becomes of an event that need not, or cannot, be booked; None of the others."""
    case_id = seen.cases.get(item.external_id)
    try:
        if case_id is None:
            raise NotFound
        event_no = number_of(item, seen.events.get(item.key))
    except DomainError as error:
        return failed_event(error)
    return None if event_no is None else EventResult("unchanged", case_id, event_no)


async def _round(work: Work, group: Sequence[tuple[int, PushedEvent]], seen: _Seen) -> dict[int, EventResult]:
    """Books at most one event of each case, and remembers it for the rounds to come."""
    judged = {number: _judged(item, seen) for number, item in group}
    results = {number: result for number, result in judged.items() if result is not None}
    fresh = {seen.cases[item.external_id]: (number, item) for number, item in group if number not in results}
    booked, errors = await _booked(work, {case_id: item for case_id, (_, item) in fresh.items()})
    results |= {fresh[case_id][0]: failed_event(error) for case_id, error in errors.items()}
    results |= {fresh[i][0]: EventResult("created", i, one.event_no) for i, one in booked.items()}
    made = {fresh[i][1].key: KnownEvent(one.event_no, fresh[i][1].digest) for i, one in booked.items()}
    await _remember(work, made)
    seen.events |= made
    return results


async def _booked(work: Work, items: Mapping[str, PushedEvent]) -> tuple[dict[str, Booked], dict[str, DomainError]]:
    """What was booked and what was not, by case; the rest is tried again without what is refused."""
    wanted = {case_id: item.posting for case_id, item in items.items()}
    errors: dict[str, DomainError] = {}
    while wanted:
        try:
            return await book_events(work, wanted), errors
        except Refused as refused:
            errors |= refused.errors
            wanted = {case_id: posting for case_id, posting in wanted.items() if case_id not in errors}
    return {}, errors


# The locks, in order of the ids, let two pushes for one case come one after the other and never wait in a circle.
_CASES: Final = text("""
    SELECT external_id, case_id::text FROM pushed_case
    WHERE partner = :partner AND external_id = ANY(:ids) ORDER BY external_id COLLATE "C" FOR UPDATE""")
# by itself: it has to see what whoever had the locks before committed
_KNOWN: Final = text("""
    SELECT e.external_id, e.event_id, e.event_no, e.digest
    FROM json_to_recordset(CAST(:items AS json)) AS n (external_id text, event_id text)
    JOIN pushed_event e ON e.partner = :partner AND e.external_id = n.external_id AND e.event_id = n.event_id""")
_REMEMBER: Final = text("""
    INSERT INTO pushed_event (partner, external_id, event_id, event_no, digest)
    SELECT :partner, n.external_id, n.event_id, n.event_no, decode(n.digest, 'hex')
    FROM json_to_recordset(CAST(:items AS json))
        AS n (external_id text, event_id text, event_no smallint, digest text)""")


async def _cases(work: Work, external_ids: Sequence[str]) -> dict[str, str]:
    values = {"partner": work.caller.client_id, "ids": list(external_ids)}
    return {row[0]: row[1] for row in await work.session.execute(_CASES, values)}


async def _known(work: Work, items: Sequence[PushedEvent]) -> dict[tuple[str, str], KnownEvent]:
    listed = [{"external_id": case, "event_id": event} for case, event in {item.key for item in items}]
    values = {"partner": work.caller.client_id, "items": orjson.dumps(listed).decode()}
    found = await work.session.execute(_KNOWN, values)
    return {(case, event): KnownEvent(number, bytes(digest)) for case, event, number, digest in found}


async def _remember(work: Work, made: Mapping[tuple[str, str], KnownEvent]) -> None:
    if not made:
        return
    listed = [
        {"external_id": case, "event_id": event, "event_no": known.event_no, "digest": known.digest.hex()}
        for (case, event), known in made.items()
    ]
    values = {"partner": work.caller.client_id, "items": orjson.dumps(listed).decode()}
    await work.session.execute(_REMEMBER, values)
