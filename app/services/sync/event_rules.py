"""What a push of an event is, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from app.errors import Conflict, DomainError
from app.services.cases.entries import Posting
from app.services.sync.rules import digest_of

EventOutcome = Literal["created", "unchanged", "failed"]
EVENT_OUTCOMES: Final[tuple[EventOutcome, ...]] = ("created", "unchanged", "failed")
MOST_OF_CASE: Final = 50
"""New events of one case that are taken at once: each of them is a round of its own."""


class EventReused(Conflict):
    """The same event id was pushed before with another content."""

    code = "event-reused"
    title = {"en": "The event was pushed with another content", "vi": "Sự kiện đã gửi với nội dung khác"}


class TooManyOfCase(Conflict):
    """More new events of one case than are taken at once; the first ones were judged."""

    code = "too-many-of-case"
    title = {
        "en": f"More than {MOST_OF_CASE} new events of this case at once; send it again",
        "vi": f"Quá {MOST_OF_CASE} sự kiện mới của vụ việc này trong một lần; hãy gửi lại",
    }


@dataclass(frozen=True, slots=True)
class PushedEvent:
    """An event of a partner's own case, under an id of its own within the case."""

    external_id: str
    event_id: str
    posting: Posting

    @property
    def key(self) -> tuple[str, str]:
        """What names the event to the partner."""
        return self.external_id, self.event_id

    @property
    def digest(self) -> bytes:
        """SHA-256 of what was sent; a reversal is sent without a day, and the same on every day."""
        event = self.posting.event
        sent = replace(event, effective_on=date.min) if event.name == "reversed" else event
        return digest_of(replace(self.posting, event=sent))


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What a partner pushed before under an id."""

    event_no: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event; `event_no` is its number in the case, `error` why it failed."""

    outcome: EventOutcome
    case_id: str | None = None
    event_no: int | None = None
    error: DomainError | None = None


def failed_event(error: DomainError) -> EventResult:
    """An event that could not be booked."""
    return EventResult("failed", error=error)


def number_of(item: PushedEvent, known: KnownEvent | None) -> int | None:
    """The number the event was booked under before; None when it is new. Raises EventReused when that was another."""
    if known is None:
        return None
    if known.digest != item.digest:
        raise EventReused
    return known.event_no
