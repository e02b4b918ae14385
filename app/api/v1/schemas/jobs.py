"""The contract of jobs: long work, and what became of each line of a file."""

from typing import Any, Final, Literal

from pydantic import Field

from app.api.problems import ProblemFault
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Instant, Strict, Uuid, Version
from app.db import Row
from app.services.code_lists.queries import CODE_LISTS
from app.services.jobs.rules import COUNTS, EXPORT
from app.services.sync.event_rules import EventOutcome
from app.services.sync.rules import Outcome

State = Literal["receiving", "waiting", "running", "done", "cancelled", "incomplete", "failed"]
Reason = Literal["upload_broke_off", "upload_refused", "not_allowed", "refused", "defect"]


class JobOut(Strict):
    """A job: how far it is, and how many lines came to what."""

    id: Uuid = Field(description="job id", examples=[samples.JOB_ID])
    kind: Literal["import_cases", "import_events", "export_list"] = Field(
        description="what it does", examples=["import_cases"]
    )
    state: State = Field(
        description="incomplete: the upload broke off and nothing was applied; failed: it could not go on",
        examples=["running"],
    )
    reason: Reason | None = Field(
        description="why it is incomplete or failed (code list `job-reasons`)", examples=[None]
    )
    detail: str | None = Field(description="the same in the language of the caller", examples=[None])
    chunks: int = Field(description="pieces there are", examples=[12])
    chunks_done: int = Field(description="pieces done", examples=[3])
    lines_read: int = Field(description="lines or rows done, blank ones not counted", examples=[3000])
    created: int = Field(description="lines that are new cases or events", examples=[2990])
    updated: int = Field(description="lines that changed a case", examples=[5])
    unchanged: int = Field(description="lines that were there", examples=[3])
    stale: int = Field(description="lines older than what is there", examples=[0])
    failed: int = Field(description="lines that could not be applied", examples=[2])
    created_at: Instant = Field(description="when it was begun", examples=["2026-11-20T02:00:00Z"])
    changed_at: Instant = Field(description="when it last got on", examples=["2026-11-20T02:00:05Z"])


class JobPage(Strict):
    """Jobs, newest first."""

    items: list[JobOut] = Field(description="the jobs")
    next: str | None = Field(description="cursor of the next page; null on the last", examples=[None])


class EventLineOut(Strict):
    """What became of one line of a file of events."""

    line: int = Field(description="number of the line, from 1", examples=[17])
    external_id: str | None = Field(description="id of the case; null when not valid", examples=["HS-2025-000152"])
    event_id: str | None = Field(description="id of the event; null when not valid", examples=["TT-0004711"])
    status: EventOutcome = Field(description="as of a single event, or failed", examples=["created"])
    case_id: Uuid | None = Field(description="the case here; null when it failed", examples=[samples.CASE_ID])
    event_no: int | None = Field(description="number of the event within the case", examples=[4])
    errors: list[ProblemFault] = Field(description="why it failed", examples=[[]])


class LineOut(Strict):
    """What became of one line of a file of cases."""

    line: int = Field(description="number of the line, from 1", examples=[17])
    external_id: str | None = Field(description="its id; null when that is not valid", examples=["HS-2025-000152"])
    status: Outcome = Field(description="as of a single case, or failed", examples=["created"])
    case_id: Uuid | None = Field(description="the case here; null when there is none", examples=[samples.CASE_ID])
    version: Version | None = Field(description="its version here", examples=[2])
    errors: list[ProblemFault] = Field(description="why it failed", examples=[[]])


_NAMES: Final = ("id", "kind", "state", "reason", "chunks", "chunks_done", *COUNTS, "created_at", "changed_at")


def job_out(row: Row, spoken: str) -> dict[str, Any]:
    """A row of `COLUMNS` as `JobOut`, in the language of the caller."""
    known = dict(zip(_NAMES, row, strict=True))
    return {**known, "detail": _DETAILS[known["reason"]][spoken] if known["reason"] else None}


_DETAILS: Final = {one.code: one.meaning or one.label for one in CODE_LISTS["job-reasons"].codes}


_ROW: Final[Row] = (
    samples.JOB_ID, "import_cases", "running", None, 12, 3, 3000, 2990, 5, 3, 0, 2, "2026-11-20T02:00:00Z",
    "2026-11-20T02:00:05Z",
)  # fmt: skip
EXPORT_EXAMPLE: Final = samples.example_of(
    JobOut,
    {
        **job_out(_ROW, "en"),
        **dict.fromkeys(("chunks_done", *COUNTS), 0),
        "kind": EXPORT,
        "state": "waiting",
        "chunks": 1,
    },
)
JOB_EXAMPLE: Final = samples.example_of(JobOut, job_out(_ROW, "en"))
PAGE_EXAMPLE: Final = samples.example_of(JobPage, {"items": [job_out(_ROW, "en")], "next": None})
LINE_EXAMPLE: Final = samples.example_of(
    LineOut,
    {
        "line": 17,
        "external_id": "HS-2025-000152",
        "status": "created",
        "case_id": samples.CASE_ID,
        "version": 1,
        "errors": [],
    },
)
