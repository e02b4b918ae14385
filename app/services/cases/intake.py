"""Taking cases into the books: any number of them in the same few statements."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import text

from app.clock import today
from app.errors import DomainError, invalid
from app.services.access import ORDINARY
from app.services.books.commands import CASE_COLUMNS, CASE_RECORD, post
from app.services.books.rules import Event, Position, apply, booking_day, lines_of
from app.services.cases import rows, rules
from app.services.cases.entries import Entry, Posting, entry_rows, moved_row, own_cut
from app.services.cases.rows import Refused, Written
from app.services.cases.rules import NewCase
from app.services.periods.queries import closed_through
from app.services.reference import Unit
from app.services.relatives.commands import conflicts
from app.services.work import Work

_NEW: Final = (
    "id",
    "file_no",
    "decision_no",
    "decision_date",
    "unit_id",
    "unit_path",
    "officer_id",
    "matter_id",
    "judgment_no",
    "judgment_date",
    "court",
    "kind",
    "initiation",
    "segment",
    "accepted_on",
    "entered_on",
    "last_effective_on",
    "steering_matter",
    "confidentiality",
)
_ADD_CASES: Final = text(f"""
    INSERT INTO enforcement_case ({", ".join(_NEW)}) SELECT {", ".join(_NEW)}
    FROM jsonb_to_recordset(CAST(:cases AS jsonb)) AS n ({CASE_RECORD}, accepted_on date) ORDER BY id""")
_OBLIGATION: Final = "case_id, no, kind, amount_vnd, description"
_ADD_OBLIGATIONS: Final = text(f"""
    INSERT INTO obligation ({_OBLIGATION}) SELECT {_OBLIGATION}
    FROM jsonb_to_recordset(CAST(:duties AS jsonb))
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
    units = await _checked(work, news)
    matters = await rows.of_matters(work, (new.matter_id for new in news.values()))
    if unknown := {case_id: _no_matter() for case_id, new in news.items() if new.matter_id not in {None, *matters}}:
        raise Refused(unknown)
    listed = [
        {"id": case_id, **_row_of_new(new, units[case_id]), **matters.get(new.matter_id or "", _WITHOUT_MATTER)}
        for case_id, new in news.items()
    ]
    await work.session.execute(_ADD_CASES, {"cases": orjson.dumps(listed).decode()})
    await work.session.execute(_ADD_OBLIGATIONS, {"duties": orjson.dumps(_duties(news)).decode()})
    await rows.write_parties(work.session, {case_id: new.parties for case_id, new in news.items()})
    await rows.write_institutions(work.session, news)
    if found := await conflicts(work, {i: (new.officer_id, new.accepted_on) for i, new in news.items()}):
        raise Refused(found)
    return await _accepted(work, news)


async def _checked(work: Work, news: Mapping[str, NewCase]) -> dict[str, Unit]:
    """The unit of each case; Refused where one cannot be taken in."""
    units: dict[str, Unit] = {}
    refused: dict[str, DomainError] = {}
    closed = await closed_through(work.session)
    for case_id, new in news.items():
        try:
            units[case_id] = unit = rows.known_unit(work, new.unit_id, new.accepted_on, "/unit_id")
            rows.known_officer(work.ref, new.officer_id, unit, new.accepted_on, "/officer_id")
            if not new.decision_date <= new.accepted_on <= today():
                en, vi = "decision_date ≤ accepted_on ≤ today", "ngày không hợp lý"
                raise invalid("day-order", en, vi, pointer="/accepted_on")
            rows.check_judgment(new.judgment_date, new.decision_date)
            booking_day(new.accepted_on, closed)
        except DomainError as error:
            refused[case_id] = error
    if refused:
        raise Refused(refused)
    return units


def _no_matter() -> DomainError:
    return invalid("unknown-reference", "no such matter", "không có vụ này", pointer="/matter_id")


_WITHOUT_MATTER: Final[dict[str, Any]] = {"steering_matter": False, "confidentiality": ORDINARY}


def _row_of_new(new: NewCase, unit: Unit) -> dict[str, Any]:
    kinds = [o.kind for o in new.obligations]
    bank = any(p.role == "creditor" and p.credit_institution for p in new.parties)
    return {
        "file_no": new.file_no,
        "decision_no": new.decision_no,
        "decision_date": new.decision_date,
        "unit_id": unit.id,
        "unit_path": unit.path,
        "officer_id": new.officer_id,
        "matter_id": new.matter_id,
        "judgment_no": new.judgment_no,
        "judgment_date": new.judgment_date,
        "court": new.court,
        "kind": new.kind,
        "initiation": new.initiation,
        "segment": rules.segment_of(kinds, bank, new.corruption_economic),
        "accepted_on": new.accepted_on,
        "entered_on": new.accepted_on,
        "last_effective_on": new.accepted_on,
    }


def _duties(news: Mapping[str, NewCase]) -> list[dict[str, Any]]:
    return [
        {"case_id": case_id, "no": n, "kind": o.kind, "amount_vnd": o.amount_vnd, "description": o.description}
        for case_id, new in news.items()
        for n, o in enumerate(new.obligations, 1)
    ]


async def _accepted(work: Work, news: Mapping[str, NewCase]) -> dict[str, int]:
    """Books what was inserted: new → enforcing, with the sum of its money."""
    closed = await closed_through(work.session)
    before = await rows.locked(work, news)
    after: dict[str, dict[str, Any]] = {}
    lines: list[dict[str, Any]] = []
    for case_id, new in news.items():
        row = before[case_id]
        posting = Posting(Event("accepted", new.accepted_on, amount=new.amount_vnd))
        position = Position("new", 0, 0, row["unit_id"], new.officer_id, new.accepted_on, None, new.accepted_on)
        moves = [replace(line, cut=own_cut(row)) for line in lines_of(position, posting.event)]
        entry = Entry(moves, apply(position, moves, new.accepted_on))
        after[case_id] = moved_row(row, entry.after, work.ref, 1)
        lines += entry_rows(after[case_id], posting, entry, work.actor, booking_day(new.accepted_on, closed))
    versions = await post(
        work.session, lines, [{column: row[column] for column in CASE_COLUMNS} for row in after.values()]
    )
    await rows.record(work, "accepted", (Written(before[i], after[i], versions[i]) for i in after))
    return versions
