"""The contract of what partners push: cases by ids of their own."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from app.api.items import APART, Unfit
from app.api.problems import ProblemFault, faults_of
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Instant, Strict, Uuid, Version
from app.api.v1.schemas.case_inputs import CaseNew
from app.db import Row
from app.services.sync.rules import OUTCOMES, Mode, Outcome, Pushed, Result

MOST_ITEMS: Final = 5_000
MOST_BYTES: Final = 16 * 1024 * 1024

EXTERNAL_ID: Final = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
ExternalId = Annotated[str, StringConstraints(pattern=EXTERNAL_ID)]
SourceVersion = Annotated[int, Field(ge=0, le=2**63 - 1)]

_EXTERNAL_ID: Final = "id of the case in the system of the partner; nothing that says who somebody is"
_SOURCE_VERSION: Final = "version in the system of the partner, which only rises: a counter, or milliseconds since 1970"


class CasePush(CaseNew):
    """A case as the system of a partner has it now."""

    source_version: SourceVersion = Field(description=_SOURCE_VERSION, examples=[3])

    def to_push(self, external_id: str) -> Pushed:
        """The case as the service takes it."""
        return Pushed(external_id, self.source_version, self.to_case())


class CaseInBatch(CasePush):
    """A case of a batch."""

    external_id: ExternalId = Field(description=_EXTERNAL_ID, examples=["HS-2025-000152"])

    def to_item(self) -> Pushed:
        """The case as the service takes it."""
        return self.to_push(self.external_id)


class CaseBatch(Strict):
    """Cases, and how they are to be applied."""

    mode: Mode = Field("upsert", description="which are taken: all, only new ones, or only known ones")
    atomic: bool = Field(False, description="apply all or none", examples=[False])
    dry_run: bool = Field(False, description="apply none, and tell what would have become of them", examples=[False])
    items: Annotated[list[CaseInBatch], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        description="the cases; each is judged by itself", json_schema_extra=APART
    )


class PushOut(Strict):
    """What became of a case that was pushed."""

    status: Literal["created", "updated", "unchanged", "stale"] = Field(
        description="unchanged: it was there; stale: a higher version was pushed before", examples=["created"]
    )
    case_id: Uuid = Field(description="the case here", examples=[samples.CASE_ID])
    version: Version = Field(description="its version here", examples=[2])


class PushedOut(Strict):
    """A case that was pushed, and where it stands."""

    external_id: ExternalId = Field(description=_EXTERNAL_ID, examples=["HS-2025-000152"])
    source_version: SourceVersion = Field(description="the highest that was pushed", examples=[3])
    case_id: Uuid | None = Field(
        description="the case here; null when it is no longer yours to see", examples=[samples.CASE_ID]
    )
    version: Version | None = Field(description="its version here, likewise", examples=[2])
    first_pushed_at: Instant = Field(description="when it was pushed first", examples=["2025-10-01T02:15:30.123456Z"])


class PushedPage(Strict):
    """A page of pushed cases."""

    items: list[PushedOut] = Field(description="by external id")
    next: str | None = Field(description="cursor of the next page; null on the last", examples=[None])


class ItemOut(Strict):
    """What became of one item of a batch."""

    pointer: str = Field(description="the item", examples=["/items/0"])
    external_id: str | None = Field(description="its id; null when that cannot be read", examples=["HS-2025-000152"])
    status: Outcome = Field(description="as of a single case, or failed", examples=["created"])
    case_id: Uuid | None = Field(description="the case here; null when there is none", examples=[samples.CASE_ID])
    version: Version | None = Field(description="its version here", examples=[2])
    errors: list[ProblemFault] = Field(description="why it failed", examples=[[]])


class BatchOut(Strict):
    """What became of a batch."""

    applied: bool = Field(
        description="false: nothing was written, as asked for or because of `atomic`", examples=[True]
    )
    created: int = Field(description="items that are new cases", examples=[1])
    updated: int = Field(description="items that changed a case", examples=[0])
    unchanged: int = Field(description="items that were there", examples=[0])
    stale: int = Field(description="items older than what is there", examples=[0])
    failed: int = Field(description="items that could not be applied", examples=[0])
    items: list[ItemOut] = Field(description="every item, in the order sent")


def pushed_out(row: Row) -> dict[str, Any]:
    """A row of `app.services.sync.queries` as `PushedOut`."""
    return dict(zip(PushedOut.model_fields, row, strict=True))


def push_out(result: Result) -> dict[str, Any]:
    """A result without an error as `PushOut`."""
    return {"status": result.outcome, "case_id": result.case_id, "version": result.version}


def id_of(sent: BaseModel | Unfit, name: str) -> str | None:
    """An id of the partner in what it sent; None where that cannot be read."""
    found: str | None = sent.said_of(name, EXTERNAL_ID) if isinstance(sent, Unfit) else getattr(sent, name)
    return found


def item_out(result: Result, sent: CaseInBatch | Unfit, spoken: str, at: str) -> dict[str, Any]:
    """A result with where the item lies, in the language of the caller."""
    errors = [] if result.error is None else faults_of(result.error, spoken, at)
    return {"external_id": id_of(sent, "external_id"), **push_out(result), "errors": errors}


def counted(results: list[Result]) -> dict[str, int]:
    """How many items came to what."""
    found = [result.outcome for result in results]
    return {outcome: found.count(outcome) for outcome in OUTCOMES}


PUSHED_EXAMPLE: Final = samples.example_of(
    PushedOut,
    {
        "external_id": "HS-2025-000152",
        "source_version": 3,
        "case_id": samples.CASE_ID,
        "version": 2,
        "first_pushed_at": "2025-10-01T02:15:30.123456Z",
    },
)
PUSHED_PAGE_EXAMPLE: Final = samples.example_of(PushedPage, {"items": [PUSHED_EXAMPLE], "next": None})
PUSH_EXAMPLE: Final = samples.example_of(PushOut, {"status": "created", "case_id": samples.CASE_ID, "version": 1})
BATCH_EXAMPLE: Final = samples.example_of(
    BatchOut,
    {
        "applied": True,
        **dict.fromkeys(OUTCOMES, 0),
        "created": 1,
        "items": [{"pointer": "/items/0", "external_id": "HS-2025-000152", **PUSH_EXAMPLE, "errors": []}],
    },
)
