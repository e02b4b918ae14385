"""The contract of what partners push of what happens to their cases: events by ids of their own."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from app.api.items import APART, Unfit
from app.api.problems import ProblemFault, faults_of
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Strict, Uuid
from app.api.v1.schemas.case_events import EventNew
from app.api.v1.schemas.partners import MOST_ITEMS, ExternalId, id_of
from app.services.sync.event_rules import EVENT_OUTCOMES, EventOutcome, EventResult, PushedEvent


class EventInBatch(EventNew):
    """An event of a batch."""

    external_id: ExternalId = Field(
        description="id of the case in the system of the partner", examples=["HS-2025-000152"]
    )
    event_id: ExternalId = Field(
        description="id of the event in the system of the partner, within the case", examples=["TT-0004711"]
    )

    def to_item(self) -> PushedEvent:
        """The event as the service takes it."""
        return PushedEvent(self.external_id, self.event_id, self.to_posting())


class EventBatch(Strict):
    """Events, and how they are to be booked."""

    atomic: bool = Field(False, description="book all or none", examples=[False])
    dry_run: bool = Field(False, description="book none, and tell what would have become of them", examples=[False])
    items: Annotated[list[EventInBatch], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        description="the events, those of one case in their order; each is judged by itself", json_schema_extra=APART
    )


class EventPushOut(Strict):
    """What became of an event that was pushed."""

    status: Literal["created", "unchanged"] = Field(description="unchanged: it was booked before", examples=["created"])
    case_id: Uuid = Field(description="the case here", examples=[samples.CASE_ID])
    event_no: int = Field(description="number of the event within the case", examples=[4])


class EventItemOut(Strict):
    """What became of one event of a batch."""

    pointer: str = Field(description="the item", examples=["/items/0"])
    external_id: str | None = Field(
        description="id of its case; null when that cannot be read", examples=["HS-2025-152"]
    )
    event_id: str | None = Field(description="its id; null when that cannot be read", examples=["TT-0004711"])
    status: EventOutcome = Field(description="as of a single event, or failed", examples=["created"])
    case_id: Uuid | None = Field(description="the case here; null when it failed", examples=[samples.CASE_ID])
    event_no: int | None = Field(
        description="number of the event within the case; null when it is not booked", examples=[4]
    )
    errors: list[ProblemFault] = Field(description="why it failed", examples=[[]])


class EventBatchOut(Strict):
    """What became of a batch of events."""

    applied: bool = Field(description="false: nothing was booked, as asked for or because of `atomic`", examples=[True])
    created: int = Field(description="events that were booked", examples=[1])
    unchanged: int = Field(description="events that were booked before", examples=[0])
    failed: int = Field(description="events that could not be booked", examples=[0])
    items: list[EventItemOut] = Field(description="every item, in the order sent")


def event_out(result: EventResult) -> dict[str, Any]:
    """A result without an error as `EventPushOut`."""
    return {"status": result.outcome, "case_id": result.case_id, "event_no": result.event_no}


def event_item_out(result: EventResult, sent: EventInBatch | Unfit, spoken: str, at: str) -> dict[str, Any]:
    """A result with where the item lies, in the language of the caller."""
    ids = {name: id_of(sent, name) for name in ("external_id", "event_id")}
    errors = [] if result.error is None else faults_of(result.error, spoken, at)
    return {**ids, **event_out(result), "errors": errors}


def events_counted(results: list[EventResult]) -> dict[str, int]:
    """How many events came to what."""
    found = [result.outcome for result in results]
    return {outcome: found.count(outcome) for outcome in EVENT_OUTCOMES}


PUSH_EXAMPLE: Final = samples.example_of(EventPushOut, {"status": "created", "case_id": samples.CASE_ID, "event_no": 4})
BATCH_EXAMPLE: Final = samples.example_of(
    EventBatchOut,
    {
        "applied": True,
        **dict.fromkeys(EVENT_OUTCOMES, 0),
        "created": 1,
        "items": [
            {
                "pointer": "/items/0",
                "external_id": "HS-2025-000152",
                "event_id": "TT-0004711",
                **PUSH_EXAMPLE,
                "errors": [],
            }
        ],
    },
)
