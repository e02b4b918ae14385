"""Booking what a partner pushes as an event of its own case: once, however often it is pushed."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from app.errors import NotFound
from app.services.cases.commands import Posting, book_event
from app.services.sync.rules import EventReused, digest_of
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class PushedEvent:
    """The event in the case; `is_new` when this push booked it."""

    case_id: str
    event_no: int
    is_new: bool


# The lock lets two pushes for one case come one after the other.
_CASE: Final = text("""
    SELECT case_id::text FROM pushed_case WHERE partner = :partner AND external_id = :case FOR UPDATE""")
_KNOWN: Final = text("""
    SELECT event_no, digest FROM pushed_event
    WHERE partner = :partner AND external_id = :case AND event_id = :event""")
_REMEMBER: Final = text("""
    INSERT INTO pushed_event (partner, external_id, event_id, event_no, digest)
    VALUES (:partner, :case, :event, :no, :digest)""")


async def push_event(work: Work, external_id: str, event_id: str, posting: Posting) -> PushedEvent:
    """Books an event of the caller's case, unless it was booked under this id before.

    Raises NotFound, EventReused, and what `book_event` raises.
    """
    key = {"partner": work.caller.client_id, "case": external_id}
    case_id = (await work.session.execute(_CASE, key)).scalar()
    if case_id is None:
        raise NotFound
    digest = digest_of(posting)
    known = (await work.session.execute(_KNOWN, {**key, "event": event_id})).first()
    if known is not None:
        if bytes(known.digest) != digest:
            raise EventReused
        return PushedEvent(case_id, known.event_no, is_new=False)
    booked = await book_event(work, case_id, None, posting)
    values = {**key, "event": event_id, "no": booked.event_no, "digest": digest}
    await work.session.execute(_REMEMBER, values)
    return PushedEvent(case_id, booked.event_no, is_new=True)
