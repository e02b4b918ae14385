"""The contract of the register of administrative judgments tracked (theo dõi thi hành án hành chính)."""

from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Flag, Line, Name, Query, Strict, Text, Uuid, Version, refuse
from app.api.v1.schemas.cases import DocumentNo, OfficerBrief, UnitBrief
from app.db import Row
from app.services.administrative.queries import COLUMNS, JudgmentFilter
from app.services.administrative.rules import NewJudgment
from app.services.reference import Reference

JUDGMENT_ID: Final = "0197c0de-0000-7000-8000-00000000d001"
Outcome = Literal["enforced", "terminated"]

_FILE: Final = "number of the file, once in its unit"
_COURT: Final = "court that gave the judgment"
_DECISION: Final = (
    "number of the decision that compels enforcement (quyết định buộc thi hành án hành chính); null: none"
)
_AGENCY: Final = "public body or office that has to carry it out; never the name of a person"
_PROPOSALS: Final = "what was proposed against whoever is to blame, without names of people"
_OUTCOME: Final = "why it is no longer tracked (code list `administrative-outcomes`)"


class JudgmentFilters(Query):
    """What the list of judgments is narrowed to; all given criteria must hold."""

    unit: Uuid | None = Field(
        None, description="of this unit, of everything below it and all these succeeded", examples=[samples.PROVINCE_ID]
    )
    officer: Uuid | None = Field(None, description="tracked by this officer", examples=[samples.OFFICER_ID])
    open: Flag | None = Field(None, description="still tracked, or no longer", examples=[True])
    accepted_from: BusinessDate | None = Field(
        None, description="tracked since this day at the earliest", examples=["2025-10-01"]
    )
    accepted_until: BusinessDate | None = Field(
        None, description="tracked since this day at the latest", examples=["2026-03-31"]
    )

    def to_filter(self) -> JudgmentFilter:
        """The filter as the service takes it."""
        return JudgmentFilter(self.unit, self.officer, self.open, self.accepted_from, self.accepted_until)


class JudgmentOut(Strict):
    """An administrative judgment that is or was tracked."""

    id: Uuid = Field(description="id", examples=[JUDGMENT_ID])
    unit: UnitBrief = Field(description="unit that took it on; what succeeded it goes on with it")
    officer: OfficerBrief | None = Field(description="who tracks it; null until somebody is named")
    file_no: str = Field(description=_FILE, examples=["05/2025/THAHC"])
    court: str = Field(description=_COURT, examples=["Tòa án nhân dân tỉnh Phú Thọ"])
    judgment_no: str = Field(description="number of the judgment", examples=["12/2025/HC-ST"])
    judgment_date: BusinessDate = Field(description="day of the judgment", examples=["2025-07-10"])
    decision_no: str | None = Field(description=_DECISION, examples=["3/2025/QĐ-THA"])
    decision_date: BusinessDate | None = Field(description="its day", examples=["2025-10-20"])
    obliged_agency: str = Field(description=_AGENCY, examples=["Ủy ban nhân dân phường Việt Trì"])
    accepted_on: BusinessDate = Field(description="tracked from this day on", examples=["2025-08-21"])
    ended_on: BusinessDate | None = Field(description="day the tracking ended; null while it goes on", examples=[None])
    outcome: Outcome | None = Field(description=_OUTCOME, examples=[None])
    proposals: str | None = Field(description=_PROPOSALS, examples=["Kiến nghị Chủ tịch UBND tỉnh chỉ đạo thi hành"])
    version: Version = Field(description="version; the first part of the ETag", examples=[1])


class JudgmentPage(Strict):
    """A page of judgments."""

    items: list[JudgmentOut] = Field(description="judgments in order of their units and days")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class JudgmentNew(Strict):
    """A judgment to be tracked."""

    unit_id: Uuid = Field(description="unit that tracks it on the day", examples=[samples.OFFICE_ID])
    officer_id: Uuid | None = Field(None, description="who tracks it", examples=[samples.OFFICER_ID])
    file_no: DocumentNo = Field(description=_FILE, examples=["05/2025/THAHC"])
    court: Name = Field(description=_COURT, examples=["Tòa án nhân dân tỉnh Phú Thọ"])
    judgment_no: DocumentNo = Field(description="number of the judgment", examples=["12/2025/HC-ST"])
    judgment_date: BusinessDate = Field(description="day of the judgment", examples=["2025-07-10"])
    decision_no: DocumentNo | None = Field(None, description=_DECISION, examples=[None])
    decision_date: BusinessDate | None = Field(None, description="its day", examples=[None])
    obliged_agency: Name = Field(description=_AGENCY, examples=["Ủy ban nhân dân phường Việt Trì"])
    accepted_on: BusinessDate = Field(
        description="tracked from this day on, which lies in an open month", examples=["2025-08-21"]
    )
    proposals: Text | None = Field(None, description=_PROPOSALS, examples=[None])

    def to_new(self) -> NewJudgment:
        """The judgment as the service takes it."""
        return NewJudgment(**self.model_dump())


class JudgmentPatch(Strict):
    """Changes of a judgment; members left out stay as they are, null takes a value back where there may be none."""

    officer_id: Uuid | None = Field(None, description="who tracks it from now on", examples=[samples.OFFICER_ID])
    court: Name = Field("", description=_COURT, examples=["Tòa án nhân dân tỉnh Phú Thọ"])
    judgment_no: DocumentNo = Field("", description="number of the judgment", examples=["12/2025/HC-ST"])
    judgment_date: BusinessDate | None = Field(None, description="day of the judgment", examples=["2025-07-10"])
    decision_no: DocumentNo | None = Field(None, description=_DECISION, examples=["3/2025/QĐ-THA"])
    decision_date: BusinessDate | None = Field(None, description="its day", examples=["2025-10-20"])
    obliged_agency: Name = Field("", description=_AGENCY, examples=["Ủy ban nhân dân phường Việt Trì"])
    ended_on: BusinessDate | None = Field(
        None, description="day the tracking ended, in an open month; null takes the end back", examples=["2026-02-10"]
    )
    outcome: Outcome | None = Field(None, description=f"{_OUTCOME}; goes with ended_on", examples=["enforced"])
    proposals: Text | None = Field(
        None, description=_PROPOSALS, examples=["Kiến nghị Chủ tịch UBND tỉnh chỉ đạo thi hành"]
    )
    reason: Line | None = Field(None, description="why, for the trail", examples=["Công văn 88/UBND-NC"])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.model_fields_set <= {"reason"}:
            raise refuse("nothing-to-change", "changes nothing", "không có nội dung thay đổi")
        if "judgment_date" in self.model_fields_set and self.judgment_date is None:
            raise refuse("required", "cannot be taken back", "không thể để trống", at="judgment_date")
        return self

    def given(self) -> dict[str, Any]:
        """The members to change, with their new values."""
        return self.model_dump(exclude_unset=True, exclude={"reason"})


def judgment_out(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.administrative.queries.COLUMNS` as `JudgmentOut`."""
    found = dict(zip(COLUMNS, row, strict=True))
    officer_id = found.pop("officer_id")
    del found["unit_path"]
    return {
        "id": found.pop("id"),
        "unit": ref.brief(found.pop("unit_id")),
        "officer": None if officer_id is None else ref.officer_brief(officer_id),
        **found,
    }


_ROW: Final[Row] = (
    JUDGMENT_ID, samples.OFFICE_ID, "vn.t25.k03.", samples.OFFICER_ID, "05/2025/THAHC", "Tòa án nhân dân tỉnh Phú Thọ",
    "12/2025/HC-ST", "2025-07-10", "3/2025/QĐ-THA", "2025-10-20", "Ủy ban nhân dân phường Việt Trì", "2025-08-21", None,
    None, "Kiến nghị Chủ tịch UBND tỉnh chỉ đạo thi hành", 1,
)  # fmt: skip
OUT_EXAMPLE: Final = samples.example_of(JudgmentOut, judgment_out(_ROW, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(JudgmentPage, {"items": [OUT_EXAMPLE], "next": None})
