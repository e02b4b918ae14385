"""The contract of the change feed."""

from typing import Annotated, Final, Literal

from pydantic import Field

from app.api.v1.schemas import cases, samples
from app.api.v1.schemas.base import Count, Flag, Instant, Query, Strict, Version
from app.api.v1.schemas.cases import CaseItem

MAX_CHANGES: Final = 1_000
MAX_WAIT: Final = 30

Kind = Literal["case", "unit", "officer", "matter", "target", "priority_rule", "administrative_judgment"]
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


_ITEM: Final = samples.example_of(
    ChangeOut,
    {
        "position": 48_211,
        "change": "upsert",
        "kind": "case",
        "id": samples.CASE_ID,
        "version": 3,
        "action": "collected",
        "recorded_at": "2026-11-24T02:11:45.123456Z",
        "own": False,
        "current": cases.ITEM_EXAMPLE,
    },
)
PAGE_EXAMPLE: Final = samples.example_of(ChangePage, {"items": [_ITEM], "next": "WzEsNDgyMTEsIjNmIl0", "more": False})
