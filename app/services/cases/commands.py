"""Taking cases into the books, changing what is written about them, booking what happens to them."""

from typing import Any

from app.services.cases.booking import Booked, book_events
from app.services.cases.corrections import Correction, change_cases
from app.services.cases.entries import Posting
from app.services.cases.intake import create_cases, new_ids
from app.services.cases.rows import Refused, known_officer, known_unit
from app.services.cases.rules import NewCase
from app.services.work import Work

__all__ = ["Booked", "Posting", "book_event", "change_case", "create_case", "known_officer", "known_unit"]


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
    try:
        return (await book_events(work, {case_id: posting}, {case_id: expected}))[case_id]
    except Refused as refused:
        raise refused.only from None
