"""The contract of cases (việc): what may be asked, sent and received."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import (
    BusinessDate,
    Code,
    Line,
    Money,
    Strict,
    Uuid,
    Version,
)
from app.api.v1.schemas.priority import RaisedFlagOut
from app.db import Row
from app.models.codes import SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
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
DocumentNo = Annotated[Line, Field(max_length=100)]

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
    name: str = Field(description="name; of individuals the initials only", examples=["N*** V*** A***"])


class CaseOut(CaseItem):
    """A case with its obligations, its parties and the flags raised on it."""

    as_of: BusinessDate = Field(description="the day state, balances and flags are shown for", examples=["2025-09-30"])
    obligations: list[ObligationOut] = Field(description="duties of the decision")
    parties: list[PartyOut] = Field(description="parties, individuals masked")
    flags: list[RaisedFlagOut] = Field(description="priority flags raised on that day, each with its reason")


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
        account, with_conditions, amount, outstanding, accepted_on, left_on, version,
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
    }


def case_out(
    row: Row, ref: Reference, on: str, obligations: str, parties: str, flags: list[dict[str, Any]]
) -> dict[str, Any]:
    """A row of `ITEM_COLUMNS` with obligations and parties (JSON text) and presented flags as `CaseOut`."""
    return {
        **case_item(row, ref),
        "as_of": on,
        "obligations": orjson.Fragment(obligations),
        "parties": orjson.Fragment(parties),
        "flags": flags,
    }


SAMPLE_ROW: Final[Row] = (
    samples.CASE_ID, "152/HS-2025", "152/QĐ-CCTHADS", "2025-01-22", samples.OFFICE_ID, samples.OFFICER_ID,
    samples.MATTER_ID, "commercial", "on_request", SEGMENT_CREDIT, "enforcing", True, 23_450_000_000, 21_000_000_000,
    "2025-01-22", None, 3,
)  # fmt: skip
_OBLIGATIONS: Final = (
    '[{"no": 1, "kind": "money_party", "amount_vnd": 23450000000, "description": "Trả nợ gốc và lãi vay"}]'
)
_PARTIES: Final = (
    '[{"no": 1, "role": "creditor", "kind": "organisation", "credit_institution": true, "name": "Ngân hàng A"},'
    ' {"no": 2, "role": "debtor", "kind": "individual", "credit_institution": false, "name": "N*** V*** A***"}]'
)
ITEM_EXAMPLE: Final = samples.example_of(CaseItem, case_item(SAMPLE_ROW, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(CasePage, {"items": [ITEM_EXAMPLE], "next": None, "count": None})
_OUT: Final = samples.example_of(
    CaseOut, case_out(SAMPLE_ROW, samples.SAMPLE_REF, "2025-09-30", _OBLIGATIONS, _PARTIES, [])
)
OUT_EXAMPLE: Final[dict[str, Any]] = orjson.loads(orjson.dumps(_OUT))
