"""Booking what happens to cases: one event of each of any number of them in the same few statements."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any, TypeVar

from app.clock import today
from app.errors import Conflict, DomainError, NotFound, PreconditionFailed, invalid
from app.services.books.commands import post
from app.services.books.rules import (
    Circumstances,
    Event,
    Position,
    apply,
    booking_day,
    check,
    lines_of,
    refuse,
    swapped,
)
from app.services.cases import rows, rules
from app.services.cases.corrections import reclassified
from app.services.cases.entries import Entry, Posting, entry_rows, moved_row, own_cut
from app.services.cases.rows import Refused, Written, known_officer, known_unit
from app.services.cases.rules import BookedEvent
from app.services.periods.queries import closed_through
from app.services.relatives.commands import conflicts
from app.services.work import Work

Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Booked:
    """What booking an event gave: its number in the case and the new version of the case."""

    event_no: int
    version: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """An event that the state of its case allows, before it is booked."""

    row: Row
    posting: Posting
    entry: Entry

    @property
    def is_assigned(self) -> bool:
        """Whether it brings the case to an officer."""
        return bool(self.posting.event.to_officer_id) or self.entry.after.officer_id != self.row["officer_id"]


async def book_events(
    work: Work, postings: Mapping[str, Posting], expected: Mapping[str, int | None] | None = None
) -> dict[str, Booked]:
    """Books an event of the life cycle of each of these cases, where `expected` names a version only at that.

    Raises Refused, before anything is written, when some cannot be booked: NotFound, PreconditionFailed,
    InvalidTransition, Conflict, Invalid, ConflictOfInterest.
    """
    found = await rows.locked(work, postings)
    histories = await rows.histories(work.session, found)
    versions = expected or {}

    def draft(case_id: str) -> _Draft:
        row = _at(found.get(case_id), versions.get(case_id))
        return _draft(work, row, histories[case_id], postings[case_id])

    drafts = _each(sorted(postings), draft)
    assigned = {
        case_id: (one.entry.after.officer_id, one.posting.event.effective_on)
        for case_id, one in drafts.items()
        if one.is_assigned
    }
    if assigned and (refused := await conflicts(work, assigned)):
        raise Refused(refused)
    return await _write(work, drafts)


def _each(case_ids: Iterable[str], work: Callable[[str], T]) -> dict[str, T]:
    """What the work gives for each case; Refused with all for which it raises."""
    done: dict[str, T] = {}
    refused: dict[str, DomainError] = {}
    for case_id in case_ids:
        try:
            done[case_id] = work(case_id)
        except DomainError as error:
            refused[case_id] = error
    if refused:
        raise Refused(refused)
    return done


def _at(row: Row | None, expected: int | None) -> Row:
    """The row, if the caller may see the case and it is at the expected version."""
    if row is None:
        raise NotFound
    if expected is not None and row["version"] != expected:
        raise PreconditionFailed
    return row


def _draft(work: Work, row: Row, history: Sequence[BookedEvent], posting: Posting) -> _Draft:
    events = rules.standing(history)
    position = rules.position_after(events, row["accepted_on"])
    circumstances = Circumstances(
        unit_level=work.ref.units[position.unit_id].level,
        initiation=row["initiation"],
        today=today(),
        reversible=len(events) > 1,
    )
    if posting.event.name == "reversed":
        if not circumstances.reversible:
            raise refuse("reversed", position, circumstances)
        return _reversal(work, row, history, posting)
    check(position, posting.event, circumstances)
    _check_destination(work, position, posting.event)
    # an event counts as what the case counted as on its day
    cut = rules.cut_on(history, posting.event.effective_on) or own_cut(row)
    lines = lines_of(position, posting.event, cut)
    return _Draft(row, posting, Entry(lines, apply(position, lines, posting.event.effective_on), history))


def _check_destination(work: Work, position: Position, event: Event) -> None:
    if event.name == "handed_over":
        unit = known_unit(work, event.to_unit_id or "", event.effective_on, "/to_unit_id")
        if unit.id == position.unit_id:
            raise invalid("same-unit", "the case is there already", "vụ việc đang ở đơn vị này", pointer="/to_unit_id")
        known_officer(work.ref, event.to_officer_id or "", unit, event.effective_on, "/to_officer_id")
    elif event.name == "officer_changed":
        if event.to_officer_id == position.officer_id:
            raise invalid("same-officer", "has the case already", "đang phụ trách", pointer="/to_officer_id")
        unit = work.ref.units[position.unit_id]
        known_officer(work.ref, event.to_officer_id or "", unit, event.effective_on, "/to_officer_id")


def _reversal(work: Work, row: Row, history: Sequence[BookedEvent], posting: Posting) -> _Draft:
    """Takes back the last standing event; the reversal keeps its effective day, so no past day shows it."""
    *events, last = rules.standing(history)
    position = rules.position_after(events, row["accepted_on"])
    if not work.ref.units[position.unit_id].existed(today()):
        # The case would come back to life in books that are closed for good.
        raise Conflict({"en": "The unit of that event no longer exists.", "vi": "Đơn vị ghi sự kiện đó không còn."})
    dated = replace(posting, event=Event("reversed", last.effective_on))
    return _Draft(row, dated, Entry(swapped(last.lines), position, history, last.no))


async def _write(work: Work, drafts: Mapping[str, _Draft]) -> dict[str, Booked]:
    """Writes the drafts, which are ordered by case; the trail goes by the kind of event."""
    closed = await closed_through(work.session)
    after: dict[str, Row] = {}

    def rows_of(case_id: str) -> list[Row]:
        one = drafts[case_id]
        after[case_id] = moved_row(one.row, one.entry.after, work.ref, one.row["last_event_no"] + 1)
        return _rows_of(work, one, after[case_id], closed)

    booked = _each(drafts, rows_of)
    versions = await post(work.session, [line for lines in booked.values() for line in lines], [*after.values()])
    name_of = {case_id: one.posting.event.name for case_id, one in drafts.items()}
    for name, ids in groupby(sorted(drafts, key=name_of.__getitem__), name_of.__getitem__):
        await rows.record(work, name, [Written(drafts[i].row, after[i], versions[i]) for i in ids])
    return {i: Booked(one.row["last_event_no"] + 1, versions[i]) for i, one in drafts.items()}


def _rows_of(work: Work, draft: _Draft, after: Row, closed: date | None) -> list[Row]:
    """Rows of the entry, and of what moves with it; `after` is brought to where that leaves the case."""
    posting, entry = draft.posting, draft.entry
    booked = entry_rows(after, posting, entry, work.actor, booking_day(posting.event.effective_on, closed))
    # a late event, or one taken back, may have been of a time when the case still counted as something else
    lines = [*rules.lines_in(entry.history), *entry.lines]
    return booked + reclassified(work, after, entry.after, lines, closed)
