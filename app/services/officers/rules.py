"""What holds for postings: one at a time, inside the life of the unit, without rewriting what came before."""

from dataclasses import replace
from datetime import date

from app.errors import Conflict, DomainError, invalid
from app.services.reference import FOREVER, Posting, Unit

Postings = tuple[Posting, ...]


def posted(postings: Postings, unit: Unit, rank: str, since: date) -> Postings:
    """The postings when the officer serves in a unit and rank from a day on; ends the one before on that day.

    Lasts until the unit ends, if it has an end. On the first day of the last posting it corrects that one.
    Raises Invalid when the unit does not exist on that day, Conflict when a later posting is on record.
    """
    if not unit.existed(since):
        raise _outside("/posting/since")
    if any(posting.since > since for posting in postings):
        raise Conflict({"en": "The officer has a later posting.", "vi": "Đã có quyết định công tác sau ngày này."})
    kept = [posting for posting in postings if posting.since < since]
    if kept and kept[-1].until > since:
        kept[-1] = replace(kept[-1], until=since)
    return (*kept, Posting(unit.id, rank, since, unit.until))


def left(postings: Postings, unit: Unit, until: date) -> Postings:
    """The postings when the officer leaves `unit`, the last one, on a day; FOREVER takes that back.

    Raises Invalid for a day before the last posting began or after the unit ended.
    """
    *earlier, last = postings
    if until <= last.since:
        raise invalid("day-order", "must lie after the last posting began", "phải sau ngày bắt đầu", pointer="/until")
    if until > unit.until and until != FOREVER:
        raise _outside("/until")
    return (*earlier, replace(last, until=min(until, unit.until)))


def _outside(pointer: str) -> DomainError:
    message = ("the unit does not exist on that day", "đơn vị không tồn tại vào ngày này")
    return invalid("outside-validity", *message, pointer=pointer)
