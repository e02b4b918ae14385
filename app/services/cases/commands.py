"""Taking cases into the books, changing what is written about them, booking what happens to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.clock import today
from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.services.books.commands import CASE_COLUMNS, post
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
from app.services.cases.corrections import Correction, change_cases, reclassified
from app.services.cases.entries import Entry, Posting, entry_rows, moved_row, own_cut
from app.services.cases.intake import create_cases, new_ids
from app.services.cases.rows import Refused, Written, known_officer, known_unit
from app.services.cases.rules import BookedEvent, NewCase
from app.services.periods.queries import closed_through
from app.services.relatives.commands import refuse_conflict
from app.services.work import Work

__all__ = ["Booked", "Posting", "book_event", "change_case", "create_case", "known_officer", "known_unit"]


@dataclass(frozen=True, slots=True)
class Booked:
    """What booking an event gave: its number in the case and the new version of the case."""

    event_no: int
    version: int


async def create_case(work: Work, new: NewCase) -> str:
    """Takes a decision into the books as newly accepted (thụ lý mới); returns the id of the case.

    Raises Invalid when unit, officer or matter is unknown, foreign or not there on the day, ConflictOfInterest when
    the officer or a relative of the officer is a party.
    """
    (case_id,) = await new_ids(work, 1)
    try:
        await create_cases(work, {case_id: new})
    except Refused as refused:
        raise refused.only from None
    return case_id


async def change_case(work: Work, case_id: str, expected: int | None, changes: dict[str, Any]) -> int:
    """Corrects what is written about a case (its money and state move by events only); returns its version.

    `changes` holds only members to change, as a `Correction` has them. Raises NotFound, PreconditionFailed, Invalid,
    ConflictOfInterest, Conflict when this year's figures are closed.
    """
    try:
        return (await change_cases(work, {case_id: Correction(changes, expected)}))[case_id]
    except Refused as refused:
        raise refused.only from None


async def book_event(work: Work, case_id: str, expected: int | None, posting: Posting) -> Booked:
    """Books an event of the life cycle.

    Raises NotFound, PreconditionFailed, InvalidTransition, Conflict, Invalid, and ConflictOfInterest when it would
    bring the case to an officer who, or whose relative, is a party.
    """
    row = await _locked(work, case_id, expected)
    history = (await rows.histories(work.session, [case_id]))[case_id]
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
        return await _reverse(work, row, history, posting)
    check(position, posting.event, circumstances)
    _check_destination(work, position, posting.event)
    return await _book(work, row, history, position, posting)


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


async def _reverse(work: Work, row: dict[str, Any], history: Sequence[BookedEvent], posting: Posting) -> Booked:
    """Takes back the last standing event; the reversal keeps its effective day, so no past day shows it."""
    *events, last = rules.standing(history)
    position = rules.position_after(events, row["accepted_on"])
    if not work.ref.units[position.unit_id].existed(today()):
        # The case would come back to life in books that are closed for good.
        raise Conflict({"en": "The unit of that event no longer exists.", "vi": "Đơn vị ghi sự kiện đó không còn."})
    dated = replace(posting, event=Event("reversed", last.effective_on))
    return await _write(work, row, dated, Entry(swapped(last.lines), position, history, last.no))


async def _book(
    work: Work, row: dict[str, Any], history: Sequence[BookedEvent], position: Position, posting: Posting
) -> Booked:
    """An event counts as what the case counted as on its day."""
    cut = rules.cut_on(history, posting.event.effective_on) or own_cut(row)
    lines = lines_of(position, posting.event, cut)
    return await _write(work, row, posting, Entry(lines, apply(position, lines, posting.event.effective_on), history))


async def _write(work: Work, row: dict[str, Any], posting: Posting, entry: Entry) -> Booked:
    event_no = row["last_event_no"] + 1
    if posting.event.to_officer_id or entry.after.officer_id != row["officer_id"]:
        await refuse_conflict(work, row["id"], entry.after.officer_id, posting.event.effective_on)
    after = moved_row(row, entry.after, work.ref, event_no)
    closed = await closed_through(work.session)
    booked = entry_rows(after, posting, entry, work.actor, booking_day(posting.event.effective_on, closed))
    # a late event, or one taken back, may have been of a time when the case still counted as something else
    lines = [*rules.lines_in(entry.history), *entry.lines]
    booked += reclassified(work, after, entry.after, lines, closed)
    versions = await post(work.session, booked, [{column: after[column] for column in CASE_COLUMNS}])
    await rows.record(work, posting.event.name, [Written(row, after, versions[row["id"]])])
    return Booked(event_no, versions[row["id"]])


async def _locked(work: Work, case_id: str, expected: int | None) -> dict[str, Any]:
    """The case row, locked for this transaction, if the caller may see it and it is at the expected version."""
    row = (await rows.locked(work, [case_id])).get(case_id)
    if row is None:
        raise NotFound
    if expected is not None and row["version"] != expected:
        raise PreconditionFailed
    return row
