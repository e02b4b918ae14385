"""The contract of cases as callers send them: filters, new cases, corrections."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import (
    ONE_LINE,
    BusinessDate,
    Flag,
    Instant,
    Line,
    Money,
    Name,
    Query,
    Strict,
    Text,
    Uuid,
    refuse,
)
from app.api.v1.schemas.cases import COURT, JUDGMENT_NO, DocumentNo, FlagName, Initiation, Kind, State
from app.services.cases.queries import CaseFilter
from app.services.cases.rules import INSTITUTION, MASK, NewCase, NewObligation, NewParty

# A longer absence is caught up with by reading the whole list, not by asking what changed.
LOOK_BACK: Final = timedelta(days=31)


class CaseFilters(Query):
    """What a list of cases can be narrowed to; all given criteria must hold."""

    unit: Uuid | None = Field(None, description="this unit and everything below it", examples=[samples.OFFICE_ID])
    officer: Uuid | None = Field(None, description="officer in charge", examples=[samples.OFFICER_ID])
    matter: Uuid | None = Field(None, description="cases of this matter (vụ)", examples=[samples.MATTER_ID])
    state: State | None = Field(None, description="account the case stands in", examples=["enforcing"])
    open: Flag | None = Field(None, description="true: in the counted stock; false: ended or in the register")
    with_conditions: Flag | None = Field(None, description="open cases with (true) or without (false) conditions")
    kind: Kind | None = Field(None, description="kind of judgment", examples=["civil"])
    initiation: Initiation | None = Field(None, description="ex officio or on request", examples=["ex_officio"])
    decided_from: BusinessDate | None = Field(None, description="decision date from", examples=["2024-10-01"])
    decided_until: BusinessDate | None = Field(None, description="decision date until", examples=["2025-09-30"])
    amount_min: Money | None = Field(None, description="amount from, VND", examples=[1_000_000_000])
    amount_max: Money | None = Field(None, description="amount until, VND", examples=[50_000_000_000])
    credit_institution: Flag | None = Field(None, description="a credit institution is creditor")
    flag: FlagName | None = Field(None, description="priority flag raised today", examples=["high_value"])
    file_no: DocumentNo | None = Field(None, description="exact file number", examples=["152/HS-2025"])
    decision_no: DocumentNo | None = Field(None, description="exact decision number", examples=["152/QĐ-CCTHADS"])
    debtor: Annotated[Name, Field(min_length=3)] | None = Field(
        None, description="part of a debtor's name, with or without diacritics", examples=["nguyen van"]
    )
    creditor: Annotated[Name, Field(min_length=3)] | None = Field(
        None, description="part of a creditor's name, with or without diacritics", examples=["ngan hang"]
    )
    changed_since: Instant | None = Field(
        None,
        description="new or changed since this moment, at most 31 days ago",
        examples=["2026-11-20T00:00:00Z"],
    )
    sort: Literal["decision_date", "-decision_date"] = Field(
        "-decision_date", description="oldest or newest decision first", examples=["-decision_date"]
    )

    count: Literal["exact", "estimated"] | None = Field(
        None, description="say how many cases there are: counted (slow when many) or estimated", examples=["estimated"]
    )

    def to_filter(self) -> CaseFilter:
        """The filter as the service takes it, but for `unit` and `flag`, which need the reference data."""
        same = self.model_dump(exclude={"unit", "officer", "matter", "open", "flag", "sort", "count"})
        return CaseFilter(
            **same,
            officer_id=self.officer,
            matter_id=self.matter,
            is_open=self.open,
            newest_first=self.sort.startswith("-"),
        )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.decided_from and self.decided_until and self.decided_from > self.decided_until:
            raise refuse("range-reversed", "lies before decided_from", "trước decided_from", at="decided_until")
        if self.changed_since and self.changed_since < datetime.now(UTC) - LOOK_BACK:
            raise refuse("too-long-ago", "at most 31 days ago", "tối đa 31 ngày trước", at="changed_since")
        if self.amount_min is not None and self.amount_max is not None and self.amount_min > self.amount_max:
            raise refuse("range-reversed", "is less than amount_min", "nhỏ hơn amount_min", at="amount_max")
        return self


class ObligationIn(Strict):
    """One duty (khoản) of a new case."""

    kind: Literal["money_state_budget", "money_party", "non_monetary"] = Field(
        description="money to the State budget, to a party, or no money", examples=["money_party"]
    )
    amount_vnd: Money = Field(description="amount in VND; 0 when non-monetary", examples=[23_450_000_000])
    description: Line = Field(description="as the judgment words it", examples=["Trả nợ gốc và lãi hợp đồng tín dụng"])

    @model_validator(mode="after")
    def _money(self) -> Self:
        if self.kind == "non_monetary" and self.amount_vnd:
            raise refuse(
                "not-monetary", "a non-monetary duty has no amount", "nghĩa vụ không bằng tiền", at="amount_vnd"
            )
        return self


InstitutionCode = Annotated[str, StringConstraints(pattern=INSTITUTION)]
IdNumber = Annotated[str, Field(max_length=20), ONE_LINE]


class PartyIn(Strict):
    """A party (đương sự) of a case; personal data are kept masked from those without the right to them."""

    role: Literal["creditor", "debtor", "related"] = Field(description="role in the case", examples=["debtor"])
    kind: Literal["individual", "organisation"] = Field(
        description="individual or organisation", examples=["individual"]
    )
    name: Name = Field(description="full name", examples=["Nguyễn Văn An"])
    credit_institution: bool = Field(False, description="a bank or another credit institution", examples=[False])
    institution: InstitutionCode | None = Field(
        None,
        description="code of the credit institution: a client registered for it sees the case when it is a party to it",
        examples=[None],
    )
    id_number: IdNumber | None = Field(
        None, description="citizen or business identity number; blanks are left out", examples=["025090001234"]
    )
    address: Line | None = Field(None, description="address", examples=["Phường Việt Trì, tỉnh Phú Thọ"])
    phone: Annotated[str, Field(max_length=30), ONE_LINE] | None = Field(
        None, description="phone", examples=["0900000000"]
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.institution is not None and not self.credit_institution:
            en, vi = "only a credit institution has one", "chỉ tổ chức tín dụng mới có"
            raise refuse("not-an-institution", en, vi, at="institution")
        if MASK in self.name:  # sent back as it was read
            raise refuse("masked-name", "is masked: send it in full", "đã che: hãy gửi đầy đủ", at="name")
        return self

    def to_party(self) -> NewParty:
        """The party as the service takes it."""
        return NewParty(**vars(self))


Parties = Annotated[list[PartyIn], Field(min_length=1, max_length=200)]


class CaseNew(Strict):
    """An enforcement decision (quyết định thi hành án) to be taken into the books."""

    file_no: DocumentNo = Field(description="number of the file (hồ sơ)", examples=["152/HS-2025"])
    decision_no: DocumentNo = Field(description="number of the decision", examples=["152/QĐ-CCTHADS"])
    decision_date: BusinessDate = Field(description="day of the decision", examples=["2025-08-22"])
    accepted_on: BusinessDate | None = Field(
        None, description="day it enters the books; the decision date when absent", examples=["2025-08-22"]
    )
    unit_id: Uuid = Field(description="the unit that enforces", examples=[samples.OFFICE_ID])
    officer_id: Uuid = Field(description="the officer named by the decision", examples=[samples.OFFICER_ID])
    matter_id: Uuid | None = Field(None, description="the matter (vụ) behind it", examples=[None])
    judgment_no: DocumentNo | None = Field(None, description=JUDGMENT_NO, examples=["31/2025/KDTM-ST"])
    judgment_date: BusinessDate | None = Field(
        None, description="day of the judgment, not after the decision", examples=["2025-07-14"]
    )
    court: Name | None = Field(None, description=COURT, examples=["Tòa án nhân dân khu vực 3 - Phú Thọ"])
    kind: Kind = Field(description="kind of judgment", examples=["commercial"])
    initiation: Initiation = Field(description="ex officio or on request", examples=["on_request"])
    corruption_economic: bool = Field(False, description="a corruption or economic matter", examples=[False])
    obligations: Annotated[list[ObligationIn], Field(min_length=1, max_length=100)] = Field(description="its duties")
    parties: Parties = Field(description="its parties")

    def to_case(self) -> NewCase:
        """The case as the service takes it."""
        said = vars(self)
        given = {name: said[name] for name in _OF_CASE}
        given["accepted_on"] = self.accepted_on or self.decision_date
        given["obligations"] = [NewObligation(**vars(o)) for o in self.obligations]
        given["parties"] = [p.to_party() for p in self.parties]
        return NewCase(**given)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(o.amount_vnd for o in self.obligations) > 10**15:
            raise refuse("too-large", "more than 10^15 VND in total", "vượt quá 10^15 đồng", at="obligations")
        if self.accepted_on and self.accepted_on < self.decision_date:
            raise refuse("range-reversed", "lies before decision_date", "trước decision_date", at="accepted_on")
        return self


_OF_CASE: Final = tuple(CaseNew.model_fields)


class CaseChange(Strict):
    """What may be corrected in a case; members left out stay as they are. Money and state move by events only."""

    file_no: DocumentNo = Field("", description="number of the file", examples=["153/HS-2025"])
    decision_no: DocumentNo = Field("", description="number of the decision", examples=["153/QĐ-CCTHADS"])
    decision_date: BusinessDate | None = Field(None, description="day of the decision", examples=["2025-08-21"])
    kind: Kind = Field("other", description="kind of judgment", examples=["civil"])
    matter_id: Uuid | None = Field(None, description="the matter behind it; null takes it out", examples=[None])
    judgment_no: DocumentNo | None = Field(None, description=JUDGMENT_NO, examples=["31/2025/KDTM-ST"])
    judgment_date: BusinessDate | None = Field(None, description="day of the judgment", examples=["2025-07-14"])
    court: Name | None = Field(None, description=COURT, examples=["Tòa án nhân dân khu vực 3 - Phú Thọ"])
    corruption_economic: bool = Field(False, description="a corruption or economic matter", examples=[True])
    parties: Parties = Field(default_factory=list, description="all parties anew")
    reason: Text = Field(description="why it is corrected; kept in the trail", examples=["Đính chính số quyết định"])

    def changes(self) -> dict[str, Any]:
        """Only what is to change, as the service takes it."""
        given: dict[str, Any] = self.model_dump(exclude_unset=True, exclude={"reason", "parties"})
        if "parties" in self.model_fields_set:
            given["parties"] = [p.to_party() for p in self.parties]
        return given

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.model_fields_set <= {"reason"}:
            raise refuse("nothing-to-change", "nothing to change", "không có nội dung thay đổi")
        if "decision_date" in self.model_fields_set and self.decision_date is None:
            raise refuse("required", "must not be null", "không được null", at="decision_date")
        return self
