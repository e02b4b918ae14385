"""The contract of the change feed."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from app.api.v1.schemas import cases, samples
from app.api.v1.schemas.base import Count, Flag, Instant, Query, Strict, Version
from app.api.v1.schemas.cases import CaseItem
from app.db import Row
from app.services.changes.rules import change_of

MAX_CHANGES: Final = 1_000
MAX_WAIT: Final = 30

Kind = Literal["case", "unit", "officer", "matter", "target", "priority_rule"]
Position = Annotated[int, Field(ge=1, le=2**53)]


class ChangeQuery(Query):
    """Where to read the feed, and how."""

    cursor: str | None = Field(
        None, description="`next` of the page before, or the cursor of a snapshot", examples=["WzEsIjIwMjQtMDMtMTUiXQ"]
    )
    limit: Annotated[Count, Field(ge=1, le=MAX_CHANGES)] = Field(500, description="changes in a page", examples=[500])
    kinds: list[Kind] | None = Field(
        None,
        description="kinds of things to follow, the same with every cursor; all the caller may read when absent",
        examples=[["case"]],
    )
    start: Literal["oldest", "now"] = Field(
        "oldest", description="where to begin without a cursor: at the oldest change kept, or after the last one"
    )
    wait: Annotated[Count, Field(le=MAX_WAIT)] = Field(
        0, description="seconds to wait for a change where there is none yet", examples=[25]
    )
    full: Flag = Field(False, description="with the cases as they are now", examples=[True])
    echo: Flag = Field(True, description="also changes the caller itself made, such as its pushes", examples=[False])


class ChangeOut(Strict):
    """One change, as far as it concerns the caller's view."""

    position: Position = Field(description="place in the feed; rises, with gaps for what others see", examples=[48_211])
    change: Literal["upsert", "deleted", "left"] = Field(
        description="it is new or changed; it is no more; it is no longer the caller's to see", examples=["upsert"]
    )
    kind: Kind = Field(description="what changed", examples=["case"])
    id: str = Field(description="its id; of a priority rule its flag", examples=[samples.CASE_ID])
    version: Version = Field(description="version the change made", examples=[3])
    action: str = Field(description="what was done; of a case the event", examples=["collected"])
    recorded_at: Instant = Field(description="moment it was recorded", examples=["2026-11-24T02:11:45.123456Z"])
    own: Flag = Field(description="the caller itself made the change", examples=[False])
    current: CaseItem | None = Field(
        description="with `full`: the case as it is now, which may be newer than `version`; null when it is no case, "
        "or not to be seen any more"
    )


class ChangePage(Strict):
    """Changes in order."""

    items: list[ChangeOut] = Field(description="changes by position; may be empty although `more` is true")
    next: str = Field(description="cursor to go on with, never null", examples=["WzEsNDgyMTEsIjNmIl0"])
    more: Flag = Field(description="the feed went on after this page when it was read", examples=[False])


def change_item(row: Row, client_id: str, current: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A row of `app.services.changes.queries.COLUMNS` as `ChangeOut`; `current` are cases by id."""
    position, subject, subject_id, version, action, recorded_at, made_by, here = row
    change = change_of(action, here)
    return {
        "position": position,
        "change": change,
        "kind": subject,
        "id": subject_id,
        "version": version,
        "action": action,
        "recorded_at": recorded_at,
        "own": made_by == client_id,
        "current": current.get(subject_id) if change == "upsert" else None,
    }


_ROW: Final[Row] = (
    48_211, "case", samples.CASE_ID, 3, "collected", "2026-11-24T02:11:45.123456Z", "demo-province", True,
)  # fmt: skip
_ITEM: Final = samples.example_of(ChangeOut, change_item(_ROW, "demo-partner", {samples.CASE_ID: cases.ITEM_EXAMPLE}))
PAGE_EXAMPLE: Final = samples.example_of(ChangePage, {"items": [_ITEM], "next": "WzEsNDgyMTEsIjNmIl0", "more": False})
