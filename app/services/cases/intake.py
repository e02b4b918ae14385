"""Taking cases into the books: any number of them in the same few statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import text

from app.clock import today
from app.errors import DomainError, invalid
from app.services.access import ORDINARY, Actor
from app.services.books.commands import book, take_in
from app.services.books.cuts import cut_of
from app.services.books.rules import Event, Position, apply, booking_day, lines_of
from app.services.cases import rows, rules
from app.services.cases.entries import Entry, Posting, entry_rows, moved_row
from app.services.cases.rows import PLAIN, Refused, Written
from app.services.cases.rules import NewCase
from app.services.periods.queries import closed_through
from app.services.reference import Reference
from app.services.relatives.commands import conflicts
from app.services.work import Work

_OBLIGATION: Final = "case_id, no, kind, amount_vnd, description"
_ADD_OBLIGATIONS: Final = text(f"""
    INSERT INTO obligation ({_OBLIGATION}) SELECT {_OBLIGATION}
    FROM json_to_recordset(CAST(:duties AS json))
        AS o (case_id uuid, no smallint, kind text, amount_vnd bigint, description text)""")


async def new_ids(work: Work, number: int) -> list[str]:
    """Ids for new cases, rising."""
    found = await work.session.execute(text("SELECT uuidv7()::text FROM generate_series(1, :n)"), {"n": number})
    return sorted(found.scalars())


async def create_cases(work: Work, news: Mapping[str, NewCase]) -> dict[str, int]:
    """Takes decisions into the books as newly accepted (thụ lý mới), under the ids given; returns their versions.

    Raises Refused when some cannot be: Invalid when unit, officer or matter is unknown, foreign or not there on the
    day, ConflictOfInterest when the officer or a relative of theirs is a party, Conflict when the books are closed.
    """
    news = dict(sorted(news.items()))
    days = await _checked(work, news)
    matters = await rows.of_matters(work, (new.matter_id for new in news.values()))
    if unknown := {case_id: _no_matter() for case_id, new in news.items() if new.matter_id not in {None, *matters}}:
        raise Refused(unknown)
    taken = {
        case_id: _accepted(case_id, new, work.ref, matters.get(new.matter_id or "", _WITHOUT_MATTER))
        for case_id, new in news.items()
    }
    await take_in(work.session, [case.row for case in taken.values()])
    await work.session.execute(_ADD_OBLIGATIONS, {"duties": orjson.dumps(_duties(news)).decode()})
    await rows.write_parties(work.session, {case_id: new.parties for case_id, new in news.items()})
    if known := [case_id for case_id in news if taken[case_id].row["institutions"]]:
        await rows.write_institutions(work.session, known)
    if found := await conflicts(work, {i: (new.officer_id, new.accepted_on) for i, new in news.items()}):
        raise Refused(found)
    await rows.record(work, "accepted", (Written(case.row | _NEW, case.row, VERSION) for case in taken.values()))
    await book(work.session, [line for i in news for line in _lines(taken[i], days[i], work.actor)])
    return dict.fromkeys(news, VERSION)


async def _checked(work: Work, news: Mapping[str, NewCase]) -> dict[str, date]:
    """The day each case is booked on; Refused where one cannot be taken in."""
    days: dict[str, date] = {}
    refused: dict[str, DomainError] = {}
    closed = await closed_through(work.session)
    now = today()
    for case_id, new in news.items():
        try:
            unit = rows.known_unit(work, new.unit_id, new.accepted_on, "/unit_id")
            rows.known_officer(work.ref, new.officer_id, unit, new.accepted_on, "/officer_id")
            if not new.decision_date <= new.accepted_on <= now:
                en, vi = "decision_date ≤ accepted_on ≤ today", "ngày không hợp lý"
                raise invalid("day-order", en, vi, pointer="/accepted_on")
            rows.check_judgment(new.judgment_date, new.decision_date)
            days[case_id] = booking_day(new.accepted_on, closed)
        except DomainError as error:
            refused[case_id] = error
    if refused:
        raise Refused(refused)
    return days


def _no_matter() -> DomainError:
    return invalid("unknown-reference", "no such matter", "không có vụ này", pointer="/matter_id")


VERSION: Final = 1
"""Of a case that was just taken in."""
# What the trail shows as before.
_NEW: Final[dict[str, Any]] = {"account": "new", "amount_vnd": 0, "outstanding_vnd": 0}
_WITHOUT_MATTER: Final[dict[str, Any]] = {"steering_matter": False, "confidentiality": ORDINARY}


@dataclass(frozen=True, slots=True)
class _Taken:
    """A case as its acceptance leaves it: its row, and the entry that says so."""

    row: dict[str, Any]
    posting: Posting
    entry: Entry


def _accepted(case_id: str, new: NewCase, ref: Reference, of_matter: Mapping[str, Any]) -> _Taken:
    """A decision as newly accepted: new → enforcing, with the sum of its money."""
    segment = _segment(new)
    event = Event("accepted", new.accepted_on, amount=new.amount_vnd)
    position = Position("new", 0, 0, new.unit_id, new.officer_id, new.accepted_on, None, new.accepted_on)
    lines = lines_of(position, event, cut_of(new.kind, new.initiation, segment, new.matter_id))
    entry = Entry(lines, apply(position, lines, new.accepted_on))
    row = {
        "id": case_id,
        **{name: getattr(new, name) for name in PLAIN},
        "initiation": new.initiation,
        "segment": segment,
        "accepted_on": new.accepted_on,
        "institutions": rules.institutions_of(new.parties),
        **of_matter,
    }
    return _Taken(moved_row(row, entry.after, ref, 1), Posting(event), entry)


def _segment(new: NewCase) -> int:
    bank = any(p.role == "creditor" and p.credit_institution for p in new.parties)
    return rules.segment_of([o.kind for o in new.obligations], bank, new.corruption_economic)


def _lines(taken: _Taken, booked_on: date, actor: Actor) -> list[dict[str, Any]]:
    return entry_rows(taken.row, taken.posting, taken.entry, actor, booked_on)


def _duties(news: Mapping[str, NewCase]) -> list[dict[str, Any]]:
    return [
        {"case_id": case_id, "no": n, "kind": o.kind, "amount_vnd": o.amount_vnd, "description": o.description}
        for case_id, new in news.items()
        for n, o in enumerate(new.obligations, 1)
    ]
