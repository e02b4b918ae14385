"""The contract of matters (vụ): what many cases come from, and which of them steering committees track."""

from typing import Any, Final, Literal, Self

import orjson
from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Code, Flag, Line, Name, Query, Strict, Uuid, Version, refuse
from app.api.v1.schemas.cases import Confidentiality, UnitBrief
from app.db import Row
from app.services.access import CLASSES
from app.services.matters.commands import TrackingChange
from app.services.matters.queries import MatterFilter
from app.services.reference import Reference

TrackingLevel = Literal["central", "provincial"]
MatterState = Literal["not_accepted", "enforcing", "assets_exhausted", "done"]


class MatterFilters(Query):
    """What the list of matters is narrowed to; level, state and day hold for the same tracking."""

    level: TrackingLevel | None = Field(
        None, description="tracked by this committee (code list `tracking-levels`)", examples=["central"]
    )
    state: MatterState | None = Field(
        None, description="tracked in this state (code list `matter-states`)", examples=["enforcing"]
    )
    as_of: BusinessDate | None = Field(
        None, description="tracked on this day; today when only level or state is given", examples=["2024-06-30"]
    )
    unit: Uuid | None = Field(
        None, description="matters of this unit and everything below it", examples=[samples.PROVINCE_ID]
    )
    q: Name | None = Field(None, description="part of the code or name, with or without diacritics", examples=["vu an"])

    def to_filter(self) -> MatterFilter:
        """The filter as the service takes it."""
        return MatterFilter(**self.model_dump())


class TrackingOut(Strict):
    """Days on which a committee tracked the matter in one state; the next stretch begins where this one ends."""

    level: TrackingLevel = Field(description="committee (code list `tracking-levels`)", examples=["central"])
    state: MatterState = Field(description="state (code list `matter-states`)", examples=["enforcing"])
    since: BusinessDate = Field(description="first day", examples=["2024-05-20"])
    until: BusinessDate | None = Field(description="day from which it is over; null while it goes on", examples=[None])


class MatterOut(Strict):
    """A matter with the whole history of its tracking."""

    id: Uuid = Field(description="matter id", examples=[samples.MATTER_ID])
    code: Code = Field(description="code of the matter", examples=["VA-2024-017"])
    name: str = Field(description="name of the matter", examples=["Vụ án Công ty Cổ phần Đầu tư Sông Thao"])
    unit: UnitBrief = Field(description="the unit it belongs to; units above see it, units below do not")
    ever_tracked: Flag = Field(description="a steering committee tracks it or has tracked it", examples=[True])
    confidentiality: Confidentiality = Field(
        description="class (độ mật) of the matter and its cases; who is not cleared for it sees neither",
        examples=["restricted"],
    )
    tracking: list[TrackingOut] = Field(description="tracking by level, oldest first")
    version: Version = Field(description="version; the first part of the ETag", examples=[3])


class MatterPage(Strict):
    """A page of matters."""

    items: list[MatterOut] = Field(description="matters in order of their units and codes")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class MatterNew(Strict):
    """A matter to be recorded."""

    code: Code = Field(description="code of the matter, never given twice", examples=["VA-2024-017"])
    name: Name = Field(description="name", examples=["Vụ án Công ty Cổ phần Đầu tư Sông Thao"])
    unit_id: Uuid = Field(
        description="unit it belongs to: the lowest one above all its cases", examples=[samples.PROVINCE_ID]
    )
    confidentiality: Confidentiality = Field(
        "ordinary", description="class (độ mật), at most the caller's own", examples=["restricted"]
    )

    def values(self) -> dict[str, Any]:
        """The matter as the service takes it."""
        return {**self.model_dump(), "confidentiality": CLASSES.index(self.confidentiality)}


class MatterPatch(Strict):
    """Changes of a matter; members left out stay as they are."""

    name: Name | None = Field(
        None, description="the right name", examples=["Vụ án Công ty Cổ phần Đầu tư Sông Thao (giai đoạn 2)"]
    )
    confidentiality: Confidentiality | None = Field(
        None,
        description="class (độ mật) of the matter and all its cases, at most the caller's own",
        examples=["secret"],
    )
    reason: Line | None = Field(None, description="why, for the trail", examples=["Bản án phúc thẩm số 12/2024/HS-PT"])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.name is None and self.confidentiality is None:
            raise refuse("nothing-to-change", "changes nothing", "không có nội dung thay đổi")
        return self

    def values(self) -> dict[str, Any]:
        """The change as the service takes it."""
        level = None if self.confidentiality is None else CLASSES.index(self.confidentiality)
        return {"name": self.name, "confidentiality": level}


class TrackingNew(Strict):
    """A steering committee begins to track the matter."""

    level: TrackingLevel = Field(description="committee (code list `tracking-levels`)", examples=["central"])
    since: BusinessDate = Field(description="first day of tracking", examples=["2024-05-20"])
    state: MatterState = Field("not_accepted", description="state on that day", examples=["not_accepted"])
    reason: Line | None = Field(None, description="why, for the trail", examples=["Thông báo số 45-TB/BCĐTW"])


class TrackingPatch(Strict):
    """A new state from a day on, the end of tracking, or both."""

    state: MatterState | None = Field(None, description="new state; needs state_since", examples=["assets_exhausted"])
    state_since: BusinessDate | None = Field(None, description="first day of the new state", examples=["2025-02-14"])
    until: BusinessDate | None = Field(
        None, description="day from which the matter is no longer tracked", examples=["2025-12-01"]
    )
    reason: Line | None = Field(None, description="why, for the trail", examples=["Báo cáo số 88/BC-CTHADS"])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.state is None) is not (self.state_since is None):
            missing = "state" if self.state is None else "state_since"
            raise refuse("required", "state and state_since go together", "cần cả state và state_since", at=missing)
        if self.state is None and self.until is None:
            raise refuse("nothing-to-change", "changes nothing", "không có nội dung thay đổi")
        return self

    def to_change(self) -> TrackingChange:
        """The change as the service takes it."""
        return TrackingChange(self.state, self.state_since, self.until)


def matter_out(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.matters.queries.COLUMNS` as `MatterOut`."""
    matter_id, code, name, unit_path, ever_tracked, confidentiality, version, tracking = row
    return {
        "id": matter_id,
        "code": code,
        "name": name,
        "unit": ref.brief(ref.subtree(unit_path)[0]),
        "ever_tracked": ever_tracked,
        "confidentiality": CLASSES[confidentiality],
        "tracking": orjson.Fragment(tracking or "[]"),
        "version": version,
    }


_TRACKING: Final = '[{"level": "central", "since": "2024-05-20", "until": null, "state": "enforcing"}]'
_ROW: Final[Row] = (
    samples.MATTER_ID, "VA-2024-017", "Vụ án Công ty Cổ phần Đầu tư Sông Thao", "vn.t25.", True, 1, 2, _TRACKING,
)  # fmt: skip
_OUT: Final = samples.example_of(MatterOut, matter_out(_ROW, samples.SAMPLE_REF))
OUT_EXAMPLE: Final[dict[str, Any]] = orjson.loads(orjson.dumps(_OUT))
PAGE_EXAMPLE: Final = samples.example_of(MatterPage, {"items": [OUT_EXAMPLE], "next": None})
