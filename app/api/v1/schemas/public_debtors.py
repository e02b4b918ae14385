"""The contract of the public list: exactly what the law names, the unit that enforces, and since when it is listed."""

from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Money, Name, Query, Strict, Uuid
from app.api.v1.schemas.cases import DocumentNo, UnitBrief
from app.db import Row
from app.services.public_debtors.queries import DebtorFilter, units_meant
from app.services.reference import Reference

SAMPLE_ID: Final = "3f6c1d58-9a02-7e41-b7c4-0d5e8a61f293"
ProvinceCode = Annotated[str, StringConstraints(pattern="^[0-9]{2}$")]


class PublicDebtorFilters(Query):
    """What the public list can be narrowed to; all given criteria must hold."""

    unit: Uuid | None = Field(
        None, description="cases of this unit and everything below it", examples=[samples.OFFICE_ID]
    )
    province: ProvinceCode | None = Field(
        None, description="cases of the units of a province: its code of today", examples=["25"]
    )
    name: Annotated[Name, Field(min_length=3)] | None = Field(
        None, description="part of the name, with or without diacritics", examples=["nguyen van"]
    )
    decision_no: DocumentNo | None = Field(
        None, description="exact number of the decision that there are no conditions", examples=["87/QĐ-CCTHADS"]
    )

    def to_filter(self, ref: Reference) -> DebtorFilter:
        """The filter as the service takes it; Invalid when there is no such unit or province."""
        return DebtorFilter(units_meant(ref, self.unit, self.province), self.name, self.decision_no)


class PublicJudgment(Strict):
    """The judgment (bản án, quyết định) that is enforced, as far as it is on record."""

    no: str | None = Field(description="number", examples=["31/2024/KDTM-ST"])
    date: BusinessDate | None = Field(description="day", examples=["2024-12-16"])
    court: str | None = Field(
        description="court or other authority that gave it",
        examples=["Tòa án nhân dân thành phố Việt Trì, tỉnh Phú Thọ"],
    )


class PublicDecision(Strict):
    """The decision that there are no conditions for enforcement (quyết định về việc chưa có điều kiện thi hành án)."""

    no: str | None = Field(description="number; null when not on record", examples=["87/QĐ-CCTHADS"])
    date: BusinessDate = Field(description="day it took effect", examples=["2025-03-12"])


class PublicObligation(Strict):
    """What the debtor has to do (nghĩa vụ phải thi hành)."""

    text: str = Field(description="the duties as the judgment words them", examples=["Trả nợ gốc và lãi vay"])
    outstanding_vnd: Money = Field(
        description="what is still to be paid, in VND; 0 for a thing or an act", examples=[21_000_000_000]
    )


class PublicDebtor(Strict):
    """A debtor without conditions for enforcement (người phải thi hành án chưa có điều kiện thi hành)."""

    id: Uuid = Field(description="id of the entry; the same as long as it is listed", examples=[SAMPLE_ID])
    unit: UnitBrief = Field(description="the unit that enforces")
    name: str = Field(description="name of the person or organisation, in full", examples=["Nguyễn Văn An"])
    address: str | None = Field(
        description="address; null when not on record", examples=["Số 12 Hùng Vương, phường Việt Trì, tỉnh Phú Thọ"]
    )
    judgment: PublicJudgment | None = Field(description="the judgment; null when nothing of it is on record")
    decision: PublicDecision = Field(description="the decision that there are no conditions")
    obligation: PublicObligation = Field(description="the obligation")
    reason: str | None = Field(
        description="why there are no conditions; null when not on record",
        examples=["Điểm a khoản 1 Điều 44a Luật Thi hành án dân sự"],
    )
    published_on: BusinessDate = Field(description="day of publication", examples=["2025-03-13"])


class PublicDebtorPage(Strict):
    """A page of the public list."""

    items: list[PublicDebtor] = Field(description="by day of publication, oldest first")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def public_debtor(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of the list as `PublicDebtor`."""
    (
        debtor_id, unit_id, name, address, judgment_no, judgment_date, court, decision_no, decision_date, obligation,
        outstanding, reason, published_on,
    ) = row  # fmt: skip
    judgment = {"no": judgment_no, "date": judgment_date, "court": court}
    return {
        "id": debtor_id,
        "unit": ref.brief(unit_id),
        "name": name,
        "address": address,
        "judgment": judgment if any(judgment.values()) else None,
        "decision": {"no": decision_no, "date": decision_date},
        "obligation": {"text": obligation, "outstanding_vnd": outstanding},
        "reason": reason,
        "published_on": published_on,
    }


_SAMPLE: Final[Row] = (
    SAMPLE_ID, samples.OFFICE_ID, "Nguyễn Văn An", "Số 12 Hùng Vương, phường Việt Trì, tỉnh Phú Thọ",
    "31/2024/KDTM-ST", "2024-12-16", "Tòa án nhân dân thành phố Việt Trì, tỉnh Phú Thọ", "87/QĐ-CCTHADS", "2025-03-12",
    "Trả nợ gốc và lãi vay", 21_000_000_000, "Điểm a khoản 1 Điều 44a Luật Thi hành án dân sự", "2025-03-13",
)  # fmt: skip
OUT_EXAMPLE: Final = samples.example_of(PublicDebtor, public_debtor(_SAMPLE, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(PublicDebtorPage, {"items": [OUT_EXAMPLE], "next": None})
