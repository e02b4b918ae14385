"""The contract of snapshots: lines of JSON, each one of three forms."""

from typing import Any, Final

import orjson
from pydantic import Field, RootModel

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Count, Flag, Instant, Query, Strict, Uuid
from app.api.v1.schemas.cases import ITEM_EXAMPLE, SEGMENT_NAMES, CaseItem, UnitBrief
from app.services.access import CLASSES
from app.services.reference import Reference
from app.services.sync import checks


class SnapshotQuery(Query):
    """Where a snapshot goes on."""

    after: Uuid | None = Field(
        None,
        description="only cases with greater ids: the last one of a stream that broke off",
        examples=[samples.CASE_ID],
    )


class CheckQuery(Query):
    """How far a copy is kept."""

    cursor: str | None = Field(
        None,
        description="the one of the change feed that the copy is kept up to; without it no unit counts as changed",
        examples=["WzEsNDgyMTEsIjNmIl0"],
    )


class UnitSum(Strict):
    """What a copy of the cases of one unit adds up to."""

    unit: UnitBrief = Field(description="the unit the cases are in")
    cases: Count = Field(description="cases in it that you may see", examples=[1_204])
    checksum: int = Field(
        description="sum over these cases of the last ten hexadecimal digits of `id`, read as a number, "
        "times `version`, modulo 10^15",
        examples=[730_418_225_016_377],
    )
    changed: Flag = Field(
        description="cases of this unit changed after the cursor: follow the feed before you compare", examples=[False]
    )


class CheckOut(Strict):
    """What a true copy adds up to, unit by unit."""

    taken_at: Instant = Field(description="moment of the figures", examples=["2026-11-24T02:11:45.123456Z"])
    units: list[UnitSum] = Field(description="units with cases, by code; a unit that is missing has none")


class Begun(Strict):
    """The moment of a snapshot."""

    taken_at: Instant = Field(description="moment the cases are shown as of", examples=["2026-11-24T02:11:45.123456Z"])
    cursor: str = Field(
        description="of the change feed: what the snapshot does not have yet comes after it",
        examples=["WzEsNDgyMTEsIjNmIl0"],
    )
    changes: str = Field(
        description="address of these changes", examples=["/v1/changes?kinds=case&cursor=WzEsNDgyMTEsIjNmIl0"]
    )


class SnapshotBegun(Strict):
    """The first line."""

    snapshot: Begun = Field(description="the moment, and where to go on from it")


class Ended(Strict):
    """What a complete stream held."""

    cases: Count = Field(description="cases in this stream", examples=[48_211])


class SnapshotEnded(Strict):
    """The last line; without it the stream broke off."""

    end: Ended = Field(description="what the stream held")


class SnapshotLine(RootModel[SnapshotBegun | CaseItem | SnapshotEnded]):
    """A line: the first says as of when, the last that nothing is missing, those between are cases by id."""


def shown(ref: Reference) -> dict[str, str]:
    """What a case shows of its unit, officer, segments and class, by member, each a JSON object by value."""
    return {
        "unit": orjson.dumps({unit_id: ref.brief(unit_id) for unit_id in ref.units}).decode(),
        "officer": orjson.dumps({officer_id: ref.officer_brief(officer_id) for officer_id in ref.officers}).decode(),
        "segments": orjson.dumps({str(bits): names for bits, names in SEGMENT_NAMES.items()}).decode(),
        "confidentiality": orjson.dumps({str(rank): name for rank, name in enumerate(CLASSES)}).decode(),
    }


def line(content: dict[str, Any]) -> bytes:
    """A line."""
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def check_out(taken_at: str, sums: list[checks.UnitSum], ref: Reference) -> dict[str, Any]:
    """What a true copy adds up to as of a moment, as `CheckOut`."""
    units = [
        {"unit": ref.brief(one.unit_id), "cases": one.cases, "checksum": one.checksum, "changed": one.changed}
        for one in sums
    ]
    return {"taken_at": taken_at, "units": units}


_BEGUN: Final = {
    "taken_at": "2026-11-24T02:11:45.123456Z",
    "cursor": "WzEsNDgyMTEsIjNmIl0",
    "changes": "/v1/changes?kinds=case&cursor=WzEsNDgyMTEsIjNmIl0",
}
EXAMPLE: Final = samples.example_of(SnapshotBegun, {"snapshot": samples.example_of(Begun, _BEGUN)})
CHECK_EXAMPLE: Final = samples.example_of(
    CheckOut,
    {
        "taken_at": "2026-11-24T02:11:45.123456Z",
        "units": [
            {"unit": ITEM_EXAMPLE["unit"], "cases": 1_204, "checksum": 730_418_225_016_377, "changed": False},
        ],
    },
)
