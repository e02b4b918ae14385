"""Correcting what is written about cases: any number of them in the same few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import text

from app.clock import today
from app.errors import DomainError, NotFound, PreconditionFailed, invalid
from app.models.codes import SEGMENT_CORRUPTION
from app.services.access import ORDINARY
from app.services.books.commands import post
from app.services.books.cuts import RECLASSIFIED, reclassifying
from app.services.books.rules import Event, Line, Position, booking_day
from app.services.cases import rows, rules
from app.services.cases.entries import Entry, Posting, entry_rows, own_cut
from app.services.cases.rows import PLAIN, Refused, Written
from app.services.cases.rules import NewParty
from app.services.periods.queries import closed_through
from app.services.relatives.commands import conflicts
from app.services.work import Work

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be written about a case: of PLAIN, `corruption_economic` and `parties` those that change.

    `expected` is the version it must have; None for any.
    """

    values: Mapping[str, Any]
    expected: int | None = None


async def change_cases(work: Work, corrections: Mapping[str, Correction]) -> dict[str, int]:
    """Corrects what is written about cases (their money and state move by events only); returns their versions.

    When a case counts as something else from now on, what it has in the books moves there today. Raises Refused:
    NotFound, PreconditionFailed, Invalid, ConflictOfInterest, Conflict when this year's figures are closed.
    """
    corrections = dict(sorted(corrections.items()))
    before = await rows.locked(work, corrections)
    after = await _corrected(work, before, corrections)
    given = {i: c.values["parties"] for i, c in corrections.items() if "parties" in c.values}
    parties = await rows.rewritten(work.session, given) if given else {}
    if parties:
        await _replace_parties(work, after, parties)
        if found := await conflicts(work, {i: (before[i]["officer_id"], today()) for i in parties}):
            raise Refused(found)
    moved = await _moved(work, before, after)
    versions = await post(work.session, moved, [*after.values()])
    if indexed := [i for i, row in after.items() if _indexed(row) != _indexed(before[i])]:
        await rows.write_institutions(work.session, indexed)
    await rows.record(work, "changed", (Written(before[i], after[i], versions[i]) for i in after))
    return versions


def _indexed(row: Row) -> tuple[list[str], date | None]:
    """What the index of institutions has of a case."""
    return row["institutions"], row["decision_date"] if row["institutions"] else None


async def _corrected(work: Work, before: Mapping[str, Row], corrections: Mapping[str, Correction]) -> dict[str, Row]:
    """The rows but for what follows from parties; Refused where one cannot be written."""
    matters = await rows.of_matters(work, (c.values.get("matter_id") for c in corrections.values()))
    after: dict[str, Row] = {}
    refused: dict[str, DomainError] = {}
    for case_id, correction in corrections.items():
        try:
            after[case_id] = _row_after(before.get(case_id), correction, matters)
        except DomainError as error:
            refused[case_id] = error
    if refused:
        raise Refused(refused)
    return after


def _row_after(row: Row | None, correction: Correction, matters: Mapping[str, Row]) -> Row:
    values = correction.values
    if row is None:
        raise NotFound
    if correction.expected is not None and row["version"] != correction.expected:
        raise PreconditionFailed
    after = row | {name: values[name] for name in PLAIN if name in values}
    if after["decision_date"] > row["accepted_on"]:
        raise invalid("day-order", "lies after accepted_on", "sau ngày thụ lý", pointer="/decision_date")
    rows.check_judgment(after["judgment_date"], after["decision_date"])
    if "matter_id" in values:
        after |= _of_matter(values["matter_id"], matters)
    if "corruption_economic" in values:
        keep = row["segment"] & ~SEGMENT_CORRUPTION
        after["segment"] = keep | (SEGMENT_CORRUPTION if values["corruption_economic"] else 0)
    if "parties" in values:
        after["institutions"] = rules.institutions_of(values["parties"])
    return after


def _of_matter(matter_id: str | None, matters: Mapping[str, Row]) -> Row:
    if matter_id is None:
        return {"steering_matter": False, "confidentiality": ORDINARY}
    if matter_id not in matters:
        raise invalid("unknown-reference", "no such matter", "không có vụ này", pointer="/matter_id")
    return matters[matter_id]


_NO_PARTIES: Final = text("DELETE FROM party WHERE case_id = ANY(CAST(:ids AS uuid[]))")
_KNOWN_AGAIN: Final = text("""
    UPDATE enforcement_case SET anonymised_on = NULL
    WHERE id = ANY(CAST(:ids AS uuid[])) AND anonymised_on IS NOT NULL""")
_DUTIES: Final = text("""
    SELECT case_id::text, array_agg(kind) FROM obligation WHERE case_id = ANY(CAST(:ids AS uuid[])) GROUP BY case_id""")


async def _replace_parties(work: Work, after: Mapping[str, Row], parties: Mapping[str, Sequence[NewParty]]) -> None:
    """Writes the parties anew, and into the rows what a case is cut by with them."""
    ids = {"ids": list(parties)}
    for statement in (_NO_PARTIES, _KNOWN_AGAIN):
        await work.session.execute(statement, ids)
    await rows.write_parties(work.session, parties)
    for case_id, kinds in await work.session.execute(_DUTIES, ids):
        bank = any(p.role == "creditor" and p.credit_institution for p in parties[case_id])
        corruption = bool(after[case_id]["segment"] & SEGMENT_CORRUPTION)
        after[case_id]["segment"] = rules.segment_of(kinds, bank, corruption)


async def _moved(work: Work, before: Mapping[str, Row], after: Mapping[str, Row]) -> list[Row]:
    """Rows of the entries that move what counts as something else from now on."""
    recounted = [case_id for case_id, row in after.items() if own_cut(row) != own_cut(before[case_id])]
    if not recounted:
        return []
    booked = await rows.histories(work.session, recounted)
    closed = await closed_through(work.session)
    moved: list[Row] = []
    refused: dict[str, DomainError] = {}
    for case_id, history in booked.items():
        position = rules.position_after(rules.standing(history), before[case_id]["accepted_on"])
        try:
            moved += reclassified(work, after[case_id], position, rules.lines_in(history), closed)
        except DomainError as error:
            refused[case_id] = error
    if refused:
        raise Refused(refused)
    return moved


def reclassified(work: Work, row: Row, position: Position, booked: Sequence[Line], closed: date | None) -> list[Row]:
    """Rows of the next event, which moves what a case has in the books to what it counts as now; none when it is there.

    It is of today, whenever the mistake was made: figures of earlier months stay as they were published.
    """
    lines = reclassifying(booked, position, own_cut(row))
    if not lines:
        return []
    row["last_event_no"] += 1
    day = booking_day(today(), closed)
    return entry_rows(row, Posting(Event(RECLASSIFIED, today())), Entry(lines, position), work.actor, day)
