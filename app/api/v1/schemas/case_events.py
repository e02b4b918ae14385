"""The contract of the events of a case: what is reported, what is booked, the history."""

from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Instant, Money, Strict, Text, Uuid, Version, refuse
from app.api.v1.schemas.cases import DocumentNo
from app.clock import today
from app.db import Row
from app.services.books.rules import Event
from app.services.cases.commands import Posting

EventName = Literal[
    "amount_raised", "collected", "completed", "reduced", "conditions_lost", "conditions_found", "moved_to_other",
    "deferred_by_agreement", "deferred", "suspended", "continued", "terminated", "terminated_in_part", "entrusted",
    "entrusted_in_part", "struck_off", "withdrawn", "pulled_up", "to_separate_register", "back_from_register",
    "request_returned", "handed_over", "officer_changed", "reversed",
]  # fmt: skip
_WITH_AMOUNT: Final = ("amount_raised", "collected", "reduced", "terminated_in_part", "entrusted_in_part")
# Which members an event takes besides its day and its documents; all others must be left out.
_MEMBERS: Final[dict[str, set[str]]] = {
    **{name: {"amount_vnd"} for name in _WITH_AMOUNT},
    "struck_off": {"parts"},
    "handed_over": {"to_unit_id", "to_officer_id"},
    "officer_changed": {"to_officer_id"},
}


class Parts(Strict):
    """How what was outstanding ended when a case is struck off; the sum must be all of it (VND)."""

    completed: Money = Field(0, description="collected", examples=[15_000_000])
    entrusted: Money = Field(0, description="entrusted to another unit (ủy thác)", examples=[5_000_000])
    terminated: Money = Field(0, description="terminated (đình chỉ)", examples=[0])
    reduced: Money = Field(0, description="exempted or reduced (miễn, giảm)", examples=[0])


class EventNew(Strict):
    """Something that happened to a case and is to be booked."""

    event: EventName = Field(description="what happened (code list `case-events`)", examples=["collected"])
    effective_on: BusinessDate | None = Field(
        None, description="day it took effect; not for a reversal, which keeps the day of what it takes back",
        examples=["2025-09-12"],
    )  # fmt: skip
    amount_vnd: Annotated[Money, Field(ge=1)] | None = Field(
        None, description="sum in VND, for events that move a sum only", examples=[15_000_000]
    )
    parts: Parts | None = Field(None, description="for `struck_off`: how the rest ended")
    to_unit_id: Uuid | None = Field(None, description="for `handed_over`: the receiving unit", examples=[None])
    to_officer_id: Uuid | None = Field(
        None, description="for `handed_over` and `officer_changed`: the officer in charge from now on", examples=[None]
    )
    document_no: DocumentNo | None = Field(None, description="number of the decision", examples=["45/QĐ-CCTHADS"])
    ground: DocumentNo | None = Field(None, description="legal ground", examples=["Điều 52 Luật THADS"])
    note: Annotated[Text, Field(max_length=2000)] | None = Field(
        None, description="remark; no personal data", examples=["Thu tiền đợt 2"]
    )

    def to_posting(self) -> Posting:
        """The event as the service takes it."""
        parts = self.parts.model_dump() if self.parts else {}
        day = self.effective_on or today()
        event = Event(self.event, day, self.amount_vnd, parts, self.to_unit_id, self.to_officer_id)
        return Posting(event, self.document_no, self.ground, self.note)

    @model_validator(mode="after")
    def _members_of_event(self) -> Self:
        takes = _MEMBERS.get(self.event, set())
        for name in ("amount_vnd", "parts", "to_unit_id", "to_officer_id"):
            given = getattr(self, name) is not None
            if given and name not in takes:
                raise refuse("not-of-event", "does not belong to this event", "không thuộc sự kiện này", at=name)
            if not given and name in takes:
                raise refuse("required", "is required for this event", "bắt buộc với sự kiện này", at=name)
        if (self.effective_on is None) is not (self.event == "reversed"):
            raise refuse("required", "is required, except for reversed", "bắt buộc, trừ reversed", at="effective_on")
        return self


class EventBooked(Strict):
    """What booking an event gave."""

    case_id: Uuid = Field(description="case id", examples=[samples.CASE_ID])
    event_no: int = Field(description="number of the event within the case", examples=[4])
    version: Version = Field(description="new version of the case", examples=[5])


class LineOut(Strict):
    """One movement between two accounts of the books."""

    unit_id: Uuid = Field(description="unit in whose books it is", examples=[samples.OFFICE_ID])
    officer_id: Uuid = Field(description="officer in whose books it is", examples=[samples.OFFICER_ID])
    from_account: str = Field(description="account it leaves (code list `accounts`)", examples=["enforcing"])
    to_account: str = Field(description="account it enters", examples=["completed"])
    cases: int = Field(description="1 when the case itself moves, else 0", examples=[0])
    amount_vnd: Money = Field(description="money that moves, in VND", examples=[15_000_000])


class EventOut(Strict):
    """An event of the history of a case; never changed, only reversed by a later one."""

    event_no: int = Field(description="number within the case", examples=[4])
    event: Literal["accepted", "reclassified"] | EventName = Field(
        description=(
            "what happened; `reclassified` follows a correction of the case and moves what it has in the books to "
            "where it is counted from then on"
        ),
        examples=["collected"],
    )
    effective_on: BusinessDate = Field(description="day it took effect", examples=["2025-09-12"])
    booked_on: BusinessDate = Field(
        description="day it counts on in statistics; later than effective_on when that month was closed",
        examples=["2025-09-12"],
    )
    adjustment: bool = Field(
        description="booked late, when its own month was closed: an adjustment (điều chỉnh) of a later one",
        examples=[False],
    )
    recorded_at: Instant = Field(description="moment it was recorded", examples=["2025-09-12T08:14:03.120000Z"])
    reverses: int | None = Field(description="the event it takes back", examples=[None])
    reversed_by: int | None = Field(description="the event that took it back", examples=[None])
    source: Literal["person", "partner", "plan"] = Field(description="where it came from", examples=["partner"])
    client_id: str = Field(description="client that recorded it", examples=["demo-province"])
    document_no: str | None = Field(description="number of the decision", examples=["45/QĐ-CCTHADS"])
    ground: str | None = Field(description="legal ground", examples=["Điều 52 Luật THADS"])
    note: str | None = Field(description="remark", examples=["Thu tiền đợt 2"])
    lines: list[LineOut] = Field(description="movements in the books")


class EventPage(Strict):
    """A page of the history."""

    items: list[EventOut] = Field(description="events in order of their number")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def event_out(row: Row) -> dict[str, Any]:
    """A row of `read_events` as `EventOut`."""
    no, event, effective_on, booked_on, recorded_at, reverses, reversed_by, source, client_id, document_no, *rest = row
    ground, note, lines = rest
    return {
        "event_no": no,
        "event": event,
        "effective_on": effective_on,
        "booked_on": booked_on,
        "adjustment": booked_on > effective_on,
        "recorded_at": recorded_at,
        "reverses": reverses,
        "reversed_by": reversed_by,
        "source": source,
        "client_id": client_id,
        "document_no": document_no,
        "ground": ground,
        "note": note,
        "lines": orjson.Fragment(lines),
    }


_LINES: Final = (
    f'[{{"unit_id": "{samples.OFFICE_ID}", "officer_id": "{samples.OFFICER_ID}", "from_account": "enforcing",'
    ' "to_account": "completed", "cases": 0, "amount_vnd": 15000000}]'
)
_SAMPLE: Final[Row] = (
    4, "collected", "2025-09-12", "2025-09-12", "2025-09-12T08:14:03.120000Z", None, None, "partner", "demo-province",
    "45/QĐ-CCTHADS", None, "Thu tiền đợt 2", _LINES,
)  # fmt: skip
EVENT_EXAMPLE: Final[dict[str, Any]] = orjson.loads(orjson.dumps(samples.example_of(EventOut, event_out(_SAMPLE))))
EVENT_PAGE_EXAMPLE: Final = samples.example_of(EventPage, {"items": [EVENT_EXAMPLE], "next": None})
BOOKED_EXAMPLE: Final = samples.example_of(EventBooked, {"case_id": samples.CASE_ID, "event_no": 4, "version": 5})
