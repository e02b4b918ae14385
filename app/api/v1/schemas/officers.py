"""The contract of officers (chấp hành viên), verifiers and clerks.

Their names are not masked: they are public officials who act in office and sign decisions with their names.
"""

from datetime import date
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Code, Line, Name, Query, Strict, Uuid, Version, refuse
from app.api.v1.schemas.cases import UnitBrief
from app.clock import today
from app.services.access import Caller
from app.services.officers.commands import NewPosting, OfficerChange
from app.services.officers.queries import OfficerFilter, visible_postings
from app.services.reference import FOREVER, Officer, Posting, Reference
from app.services.units.rules import ending

Rank = Literal["primary", "intermediate", "senior", "verifier", "clerk"]


class OfficerFilters(Query):
    """What the list of officers is narrowed to."""

    as_of: BusinessDate | None = Field(
        None, description="officers who serve on this day; today when absent", examples=["2025-06-30"]
    )
    unit: Uuid | None = Field(
        None, description="officers of this unit and everything below it", examples=[samples.OFFICE_ID]
    )
    rank: Rank | None = Field(None, description="rank on the day (code list `officer-ranks`)", examples=["senior"])
    q: Name | None = Field(None, description="part of the name, with or without diacritics", examples=["minh hanh"])

    def to_filter(self) -> OfficerFilter:
        """The filter as the service takes it."""
        return OfficerFilter(**{**self.model_dump(), "as_of": self.as_of or today()})


class PostingOut(Strict):
    """Where an officer serves for a time, and in which rank."""

    unit: UnitBrief = Field(description="the unit")
    rank: Rank = Field(description="rank (code list `officer-ranks`)", examples=["intermediate"])
    since: BusinessDate = Field(description="first day", examples=["2025-07-01"])
    until: BusinessDate | None = Field(description="day from which it is over; null while it goes on", examples=[None])


class OfficerItem(Strict):
    """An officer in a list."""

    id: Uuid = Field(description="officer id", examples=[samples.OFFICER_ID])
    code: Code = Field(description="staff code", examples=["CHV-25-0031"])
    name: str = Field(description="name; a public official's, so never masked", examples=["Trần Thị Minh Hạnh"])
    posting: PostingOut = Field(description="the posting on the day asked for")
    version: Version = Field(description="version; the first part of the ETag", examples=[1])


class OfficerOut(Strict):
    """An officer with all postings to units the caller may see."""

    id: Uuid = Field(description="officer id", examples=[samples.OFFICER_ID])
    code: Code = Field(description="staff code", examples=["CHV-25-0031"])
    name: str = Field(description="name; a public official's, so never masked", examples=["Trần Thị Minh Hạnh"])
    posting: PostingOut | None = Field(description="the posting today; null when the officer does not serve there")
    postings: list[PostingOut] = Field(description="postings to units the caller may see, oldest first")
    version: Version = Field(description="version; the first part of the ETag", examples=[1])


class OfficerPage(Strict):
    """A page of officers."""

    items: list[OfficerItem] = Field(description="officers in order of their codes")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class PostingNew(Strict):
    """A posting from a day on; it ends the one before."""

    unit_id: Uuid = Field(description="unit to serve in", examples=[samples.OFFICE_ID])
    rank: Rank = Field(description="rank (code list `officer-ranks`)", examples=["intermediate"])
    since: BusinessDate = Field(
        description="first day; the first day of the last posting corrects that one", examples=["2025-07-01"]
    )

    def to_new(self) -> NewPosting:
        """The posting as the service takes it."""
        return NewPosting(**self.model_dump())


class OfficerNew(Strict):
    """An officer to be taken on."""

    code: Code = Field(description="staff code, never given twice", examples=["CHV-25-0107"])
    name: Name = Field(description="name", examples=["Lê Quang Huy"])
    posting: PostingNew = Field(description="the first posting")


class OfficerPatch(Strict):
    """Changes of an officer; what is absent stays."""

    name: Name | None = Field(None, description="the right name", examples=["Lê Quang Huy"])
    posting: PostingNew | None = Field(None, description="a new posting from a day on")
    until: BusinessDate | None = Field(
        None, description="day from which the officer no longer serves; null takes that back", examples=["2026-07-01"]
    )
    reason: Line | None = Field(None, description="why, for the trail", examples=["Nghị định 178/2024/NĐ-CP"])

    @model_validator(mode="after")
    def _something(self) -> Self:
        leaves = "until" in self.model_fields_set
        if self.name is None and self.posting is None and not leaves:
            raise refuse("nothing-to-change", "changes nothing", "không có nội dung thay đổi")
        if self.posting is not None and leaves:
            raise refuse("one-of", "is either posting or until", "chỉ posting hoặc until", at="until")
        return self

    def to_change(self) -> OfficerChange:
        """The change as the service takes it."""
        until: date | None = (self.until or FOREVER) if "until" in self.model_fields_set else None
        return OfficerChange(self.name, self.posting.to_new() if self.posting else None, until)


def _posting(posting: Posting, ref: Reference) -> dict[str, Any]:
    until = ending(posting.until)
    return {
        "unit": ref.brief(posting.unit_id),
        "rank": posting.rank,
        "since": posting.since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }


def officer_item(officer: Officer, posting: Posting, ref: Reference) -> dict[str, Any]:
    """An officer with the posting of the day as `OfficerItem`."""
    return {
        "id": officer.id,
        "code": officer.code,
        "name": officer.name,
        "posting": _posting(posting, ref),
        "version": officer.version,
    }


def officer_out(officer: Officer, ref: Reference, caller: Caller, on: date) -> dict[str, Any] | None:
    """An officer as `OfficerOut`; None when no posting lies where the caller may see it."""
    seen = visible_postings(ref, caller, officer)
    if not seen:
        return None
    current = next((posting for posting in seen if posting.since <= on < posting.until), None)
    return {
        "id": officer.id,
        "code": officer.code,
        "name": officer.name,
        "posting": None if current is None else _posting(current, ref),
        "postings": [_posting(posting, ref) for posting in seen],
        "version": officer.version,
    }


_OFFICER: Final = samples.SAMPLE_REF.officers[samples.OFFICER_ID]
_ALL: Final = Caller("", frozenset(), ("vn.",))
ITEM_EXAMPLE: Final = samples.example_of(OfficerItem, officer_item(_OFFICER, _OFFICER.postings[0], samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(OfficerPage, {"items": [ITEM_EXAMPLE], "next": None})
OUT_EXAMPLE: Final = samples.example_of(
    OfficerOut, officer_out(_OFFICER, samples.SAMPLE_REF, _ALL, date(2025, 9, 30)) or {}
)
