"""The contract of cases (việc): what may be asked, sent and received."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import (
    ONE_LINE,
    BusinessDate,
    Code,
    Money,
    Strict,
    Uuid,
    Version,
)
from app.api.v1.schemas.priority import RaisedFlagOut
from app.db import Row
from app.models.codes import SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
from app.services.access import CLASSES
from app.services.cases import queries
from app.services.reference import Reference

Kind = Literal[
    "civil", "criminal", "administrative", "family", "commercial", "labour", "bankruptcy", "arbitration", "other"
]
Initiation = Literal["ex_officio", "on_request"]
State = Literal[
    "enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended", "completed",
    "terminated", "returned", "entrusted", "withdrawn", "pulled_up", "register",
]  # fmt: skip
Segment = Literal["credit_institution", "corruption_economic", "state_budget"]
FlagName = Literal["long_running", "high_value", "steering_committee"]
DocumentNo = Annotated[str, Field(max_length=100), ONE_LINE]
Confidentiality = Literal["ordinary", "restricted", "secret"]

JUDGMENT_NO: Final = "number of the judgment (bản án, quyết định) that is enforced; null when not on record"
COURT: Final = "court or other authority that gave it; null when not on record"

_SEGMENTS: Final = (
    (SEGMENT_CREDIT, "credit_institution"),
    (SEGMENT_CORRUPTION, "corruption_economic"),
    (SEGMENT_BUDGET, "state_budget"),
)
SEGMENT_NAMES: Final = {bits: [name for bit, name in _SEGMENTS if bits & bit] for bits in range(8)}


class UnitBrief(Strict):
    """A unit (đơn vị) as other resources name it."""

    id: Uuid = Field(description="unit id", examples=[samples.OFFICE_ID])
    code: Code = Field(description="electronic identifier (Decision 20/2020)", examples=["G15.25.003"])
    name: str = Field(description="name today", examples=["Phòng THADS khu vực 3 - Phú Thọ"])


class OfficerBrief(Strict):
    """An enforcement officer (chấp hành viên) as other resources name them."""

    id: Uuid = Field(description="officer id", examples=[samples.OFFICER_ID])
    name: str = Field(description="name; officers act in office, so it is not masked", examples=["Trần Thị Minh Hạnh"])


class CaseItem(Strict):
    """A case in a list."""

    id: Uuid = Field(description="case id", examples=[samples.CASE_ID])
    file_no: str = Field(description="number of the file (hồ sơ)", examples=["152/HS-2025"])
    decision_no: str = Field(description="number of the enforcement decision", examples=["152/QĐ-CCTHADS"])
    decision_date: BusinessDate = Field(description="day of the enforcement decision", examples=["2025-01-22"])
    accepted_on: BusinessDate = Field(description="day it entered the books (thụ lý)", examples=["2025-01-22"])
    unit: UnitBrief = Field(description="the unit that has the case now")
    officer: OfficerBrief = Field(description="the officer in charge now")
    matter_id: Uuid | None = Field(description="the matter (vụ) behind the case", examples=[samples.MATTER_ID])
    kind: Kind = Field(description="kind of judgment (code list `case-kinds`)", examples=["commercial"])
    initiation: Initiation = Field(description="ex officio (chủ động) or on request", examples=["on_request"])
    segments: list[Segment] = Field(description="what reports cut by", examples=[["credit_institution"]])
    state: State = Field(description="account the case stands in (code list `case-states`)", examples=["enforcing"])
    with_conditions: bool = Field(description="counted as having conditions for enforcement", examples=[True])
    amount_vnd: Money = Field(description="what must be enforced, in VND", examples=[23_450_000_000])
    outstanding_vnd: Money = Field(description="what is still to be enforced, in VND", examples=[21_000_000_000])
    left_on: BusinessDate | None = Field(description="day it left the counted stock", examples=[None])
    version: Version = Field(description="version; the first part of the ETag", examples=[3])
    confidentiality: Confidentiality = Field(
        description="class (độ mật) of its matter; who is not cleared for it does not see the case",
        examples=["ordinary"],
    )


class ObligationOut(Strict):
    """One duty (khoản) of a case."""

    no: int = Field(description="number within the case", examples=[1])
    kind: Literal["money_state_budget", "money_party", "non_monetary"] = Field(
        description="money to the State budget, to a party, or no money", examples=["money_party"]
    )
    amount_vnd: Money = Field(description="amount in VND; 0 when non-monetary", examples=[23_450_000_000])
    description: str = Field(description="as the judgment words it", examples=["Trả nợ gốc và lãi hợp đồng tín dụng"])


class PartyOut(Strict):
    """A party (đương sự) with what may be shown of them."""

    no: int = Field(description="number within the case", examples=[1])
    role: Literal["creditor", "debtor", "related"] = Field(
        description="creditor (người được), debtor (người phải), person with related rights", examples=["debtor"]
    )
    kind: Literal["individual", "organisation"] = Field(
        description="individual or organisation", examples=["individual"]
    )
    credit_institution: bool = Field(description="a bank or another credit institution", examples=[False])
    institution: str | None = Field(description="code of the credit institution", examples=["BIDV"])
    name: str = Field(description="name; of individuals the initials only", examples=["N*** V*** A***"])


class PartyUnmasked(PartyOut):
    """A party with their personal data; each time they are shown is on record."""

    name: str = Field(description="full name", examples=["Nguyễn Văn An"])
    id_number: str | None = Field(
        description="citizen or business identity number, without blanks", examples=["025090001234"]
    )
    address: str | None = Field(description="address", examples=["Phường Việt Trì, tỉnh Phú Thọ"])
    phone: str | None = Field(description="phone", examples=["0900000000"])


class _CaseInFull(CaseItem):
    as_of: BusinessDate = Field(description="the day state, balances and flags are shown for", examples=["2025-09-30"])
    judgment_no: str | None = Field(description=JUDGMENT_NO, examples=["31/2024/KDTM-ST"])
    judgment_date: BusinessDate | None = Field(description="day of the judgment", examples=["2024-12-16"])
    court: str | None = Field(description=COURT, examples=["Tòa án nhân dân thành phố Việt Trì, tỉnh Phú Thọ"])
    obligations: list[ObligationOut] = Field(description="duties of the decision")
    flags: list[RaisedFlagOut] = Field(description="priority flags raised on that day, each with its reason")


class CaseOut(_CaseInFull):
    """A case with its obligations, its parties and the flags raised on it."""

    parties: list[PartyOut] = Field(description="parties, individuals masked")


class CaseUnmasked(_CaseInFull):
    """The same with the personal data of its parties: the answer to `personal_data=true`."""

    parties: list[PartyUnmasked] = Field(description="parties in full")


if queries.ITEM.keys() != CaseItem.model_fields.keys():  # a projection that drifts from its schema must not start
    raise TypeError(f"CaseItem and its projection differ: {queries.ITEM.keys() ^ CaseItem.model_fields.keys()}")


class Counted(Strict):
    """How many items a list has in all."""

    value: int = Field(description="number of items", examples=[48_211])
    exact: bool = Field(description="counted (true) or estimated from statistics (false)", examples=[True])


class CasePage(Strict):
    """A page of cases."""

    items: list[CaseItem] = Field(description="cases in order of decision date")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    count: Counted | None = Field(description="all items, when asked for by `count`", examples=[None])


def case_item(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `ITEM_COLUMNS` as `CaseItem`."""
    (
        case_id, file_no, decision_no, decision_date, unit_id, officer_id, matter_id, kind, initiation, segment,
        account, with_conditions, amount, outstanding, accepted_on, left_on, version, confidentiality,
    ) = row  # fmt: skip
    return {
        "id": case_id,
        "file_no": file_no,
        "decision_no": decision_no,
        "decision_date": decision_date,
        "accepted_on": accepted_on,
        "unit": ref.brief(unit_id),
        "officer": ref.officer_brief(officer_id),
        "matter_id": matter_id,
        "kind": kind,
        "initiation": initiation,
        "segments": SEGMENT_NAMES[segment],
        "state": account,
        "with_conditions": with_conditions,
        "amount_vnd": amount,
        "outstanding_vnd": outstanding,
        "left_on": left_on,
        "version": version,
        "confidentiality": CLASSES[confidentiality],
    }


def case_out(
    row: Row,
    ref: Reference,
    on: str,
    judgment: tuple[str | None, str | None, str | None],
    obligations: str,
    parties: str,
    flags: list[dict[str, Any]],
) -> dict[str, Any]:
    """A row of `ITEM_COLUMNS` with judgment, obligations and parties (JSON text) and presented flags as `CaseOut`."""
    judgment_no, judgment_date, court = judgment
    return {
        **case_item(row, ref),
        "as_of": on,
        "judgment_no": judgment_no,
        "judgment_date": judgment_date,
        "court": court,
        "obligations": orjson.Fragment(obligations),
        "parties": orjson.Fragment(parties),
        "flags": flags,
    }


SAMPLE_ROW: Final[Row] = (
    samples.CASE_ID, "152/HS-2025", "152/QĐ-CCTHADS", "2025-01-22", samples.OFFICE_ID, samples.OFFICER_ID,
    samples.MATTER_ID, "commercial", "on_request", SEGMENT_CREDIT, "enforcing", True, 23_450_000_000, 21_000_000_000,
    "2025-01-22", None, 3, 0,
)  # fmt: skip
_OBLIGATIONS: Final = (
    '[{"no": 1, "kind": "money_party", "amount_vnd": 23450000000, "description": "Trả nợ gốc và lãi vay"}]'
)
_PARTIES: Final = (
    '[{"no": 1, "role": "creditor", "kind": "organisation", "credit_institution": true,'
    ' "institution": "BIDV", "name": "Ngân hàng A"},'
    ' {"no": 2, "role": "debtor", "kind": "individual", "credit_institution": false,'
    ' "institution": null, "name": "N*** V*** A***"}]'
)
ITEM_EXAMPLE: Final = samples.example_of(CaseItem, case_item(SAMPLE_ROW, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(CasePage, {"items": [ITEM_EXAMPLE], "next": None, "count": None})
_JUDGMENT: Final = ("31/2024/KDTM-ST", "2024-12-16", "Tòa án nhân dân thành phố Việt Trì, tỉnh Phú Thọ")
_OUT: Final = samples.example_of(
    CaseOut, case_out(SAMPLE_ROW, samples.SAMPLE_REF, "2025-09-30", _JUDGMENT, _OBLIGATIONS, _PARTIES, [])
)
OUT_EXAMPLE: Final[dict[str, Any]] = orjson.loads(orjson.dumps(_OUT))
