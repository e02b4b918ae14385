"""The contract of the export of everything the service holds about a person."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Instant, Money, Strict, Uuid
from app.api.v1.schemas.case_inputs import IdNumber
from app.api.v1.schemas.cases import OfficerBrief, State, UnitBrief
from app.api.v1.schemas.relatives import RELATIVE_ID, Relation
from app.db import Row
from app.services.cases.rules import plain_number
from app.services.privacy.export_queries import PARTY, READ, RELATIVE
from app.services.reference import Reference

MAX_ITEMS: Final = 100


class DataSubjectExport(Strict):
    """Whose data; in the body, for addresses are written into logs."""

    id_number: IdNumber = Field(
        description="citizen identity number, whole; blanks do not count", examples=["025090001234"]
    )
    limit: Annotated[Count, Field(ge=1, le=MAX_ITEMS)] = Field(50, description="items in a page", examples=[50])
    cursor: Annotated[str, StringConstraints(max_length=500, pattern="^[A-Za-z0-9_-]+$")] | None = Field(
        None, description="`next` of the page before", examples=[None]
    )

    @property
    def number(self) -> str:
        """The number as it is kept."""
        return plain_number(self.id_number)


class HeldParty(Strict):
    """The person as a party (đương sự) of a case, with the decision and where the case stands."""

    kind: Literal["party"] = Field(description="a party of a case", examples=["party"])
    case_id: Uuid = Field(description="case id", examples=[samples.CASE_ID])
    file_no: str = Field(description="number of the file (hồ sơ)", examples=["152/HS-2025"])
    decision_no: str = Field(description="number of the enforcement decision", examples=["152/QĐ-CCTHADS"])
    decision_date: BusinessDate = Field(description="day of the enforcement decision", examples=["2025-01-22"])
    unit: UnitBrief = Field(description="the unit that has the case now")
    accepted_on: BusinessDate = Field(description="day it entered the books (thụ lý)", examples=["2025-01-22"])
    left_on: BusinessDate | None = Field(description="day it left the counted stock", examples=[None])
    state: State = Field(description="account the case stands in (code list `case-states`)", examples=["enforcing"])
    amount_vnd: Money = Field(description="what must be enforced, in VND", examples=[23_450_000_000])
    outstanding_vnd: Money = Field(description="what is still to be enforced, in VND", examples=[21_000_000_000])
    role: Literal["creditor", "debtor", "related"] = Field(description="role in the case", examples=["debtor"])
    name: str = Field(description="full name", examples=["Nguyễn Văn An"])
    id_number: str = Field(description="identity number, without blanks", examples=["025090001234"])
    address: str | None = Field(description="address", examples=["Phường Việt Trì, tỉnh Phú Thọ"])
    phone: str | None = Field(description="phone", examples=["0900000000"])


class HeldRelative(Strict):
    """The person on the register of an officer's relatives."""

    kind: Literal["relative"] = Field(description="a relative of an officer", examples=["relative"])
    id: Uuid = Field(description="id of the entry", examples=[RELATIVE_ID])
    officer: OfficerBrief = Field(description="the officer")
    relation: Relation = Field(description="who it is to the officer (code list `officer-relations`)")
    name: str = Field(description="full name", examples=["Nguyễn Văn An"])
    id_number: str = Field(description="identity number, without blanks", examples=["025090001234"])
    since: BusinessDate = Field(description="first day", examples=["2025-07-01"])
    until: BusinessDate | None = Field(description="day from which it is over; null while it lasts", examples=[None])


class HeldRead(Strict):
    """Somebody saw these cases or entries unmasked, searched for the person's number, or exported their data."""

    kind: Literal["read"] = Field(description="personal data were seen", examples=["read"])
    recorded_at: Instant = Field(description="when", examples=["2026-11-24T02:11:45.123456Z"])
    subject: Literal["case", "officer_relative", "party_search", "data_subject"] = Field(
        description="what was seen, or that it was a search (`party_search`) or an export (`data_subject`)",
        examples=["case"],
    )
    subject_id: Uuid | None = Field(description="its id; null for searches and exports", examples=[samples.CASE_ID])
    unit: UnitBrief | None = Field(description="the unit it belonged to then; null when it is not known")
    client_id: str = Field(description="client that saw it", examples=["demo-province"])
    person_id: str | None = Field(description="person the client acted for", examples=["tran.hanh"])
    purpose: str | None = Field(description="what for", examples=["Xác minh điều kiện thi hành án"])


Held = Annotated[HeldParty | HeldRelative | HeldRead, Field(discriminator="kind")]


class HeldPage(Strict):
    """A page of what the service holds about a person, as far as the caller may see."""

    items: list[Held] = Field(description="cases first, then entries of relatives, then who saw these")
    next: str | None = Field(description="`cursor` of the next request; null on the last page", examples=[None])


def held_item(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.privacy.export_queries.held_about` as one of `Held`."""
    part, _, _, unit_id, content, _ = row
    held: dict[str, Any] = orjson.loads(content)
    if part == RELATIVE:
        officer = ref.officer_brief(held.pop("officer_id"))
        return {"kind": "relative", **held, "officer": officer}
    unit = ref.brief(unit_id) if unit_id in ref.units else None
    return {"kind": "party" if part == PARTY else "read", **held, "unit": unit}


_PARTY: Final = {
    "case_id": samples.CASE_ID,
    "file_no": "152/HS-2025",
    "decision_no": "152/QĐ-CCTHADS",
    "decision_date": "2025-01-22",
    "accepted_on": "2025-01-22",
    "left_on": None,
    "state": "enforcing",
    "amount_vnd": 23_450_000_000,
    "outstanding_vnd": 21_000_000_000,
    "role": "debtor",
    "name": "Nguyễn Văn An",
    "id_number": "025090001234",
    "address": "Phường Việt Trì, tỉnh Phú Thọ",
    "phone": "0900000000",
}
_RELATIVE: Final = {
    "id": RELATIVE_ID,
    "officer_id": samples.OFFICER_ID,
    "relation": "spouse",
    "name": "Nguyễn Văn An",
    "id_number": "025090001234",
    "since": "2025-07-01",
    "until": None,
}
_READ: Final = {
    "recorded_at": "2026-11-24T02:11:45.123456Z",
    "subject": "case",
    "subject_id": samples.CASE_ID,
    "client_id": "demo-province",
    "person_id": "tran.hanh",
    "purpose": "Xác minh điều kiện thi hành án",
}


def _sample(part: int, content: dict[str, Any]) -> dict[str, Any]:
    row = (part, "", "", samples.OFFICE_ID, orjson.dumps(content).decode(), "")
    return held_item(row, samples.SAMPLE_REF)


_ITEMS: Final = [
    samples.example_of(HeldParty, _sample(PARTY, _PARTY)),
    samples.example_of(HeldRelative, _sample(RELATIVE, _RELATIVE)),
    samples.example_of(HeldRead, _sample(READ, _READ)),
]
PAGE_EXAMPLE: Final = samples.example_of(HeldPage, {"items": _ITEMS, "next": None})
