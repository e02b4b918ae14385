"""The contract of the search for a person: what may be sent and received."""

from typing import Annotated, Any, Final

import orjson
from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Strict, Uuid
from app.api.v1.schemas.case_inputs import IdNumber
from app.api.v1.schemas.cases import PartyOut, State, UnitBrief
from app.db import Row
from app.services.cases.rules import plain_number
from app.services.reference import Reference

MAX_FOUND: Final = 100


class PartySearch(Strict):
    """Whose cases are looked for; in the body, for addresses are written into logs."""

    id_number: IdNumber = Field(
        description="citizen or business identity number, whole; blanks do not count", examples=["025 090 001 234"]
    )
    limit: Annotated[Count, Field(ge=1, le=MAX_FOUND)] = Field(50, description="cases in a page", examples=[50])
    cursor: Annotated[str, StringConstraints(max_length=500, pattern="^[A-Za-z0-9_-]+$")] | None = Field(
        None, description="`next` of the page before", examples=[None]
    )

    @property
    def number(self) -> str:
        """The number as it is kept."""
        return plain_number(self.id_number)


class PartyCase(Strict):
    """A case in which a party has the number."""

    id: Uuid = Field(description="case id", examples=[samples.CASE_ID])
    file_no: str = Field(description="number of the file (hồ sơ)", examples=["152/HS-2025"])
    decision_no: str = Field(description="number of the enforcement decision", examples=["152/QĐ-CCTHADS"])
    decision_date: BusinessDate = Field(description="day of the enforcement decision", examples=["2025-01-22"])
    unit: UnitBrief = Field(description="the unit that has the case now")
    state: State = Field(description="account the case stands in (code list `case-states`)", examples=["enforcing"])
    parties: list[PartyOut] = Field(description="the parties with this number and their roles, individuals masked")


class PartyCasePage(Strict):
    """A page of cases that were found."""

    items: list[PartyCase] = Field(description="cases, those recorded last first")
    next: str | None = Field(description="`cursor` of the next search; null on the last page", examples=[None])


def party_case(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.parties.queries.cases_of_number` as `PartyCase`."""
    case_id, file_no, decision_no, decision_date, unit_id, account, parties = row
    return {
        "id": case_id,
        "file_no": file_no,
        "decision_no": decision_no,
        "decision_date": decision_date,
        "unit": ref.brief(unit_id),
        "state": account,
        "parties": orjson.Fragment(parties),
    }


_PARTIES: Final = (
    '[{"no": 2, "role": "debtor", "kind": "individual", "credit_institution": false,'
    ' "institution": null, "name": "N*** V*** A***"}]'
)
_ROW: Final[Row] = (
    samples.CASE_ID, "152/HS-2025", "152/QĐ-CCTHADS", "2025-01-22", samples.OFFICE_ID, "enforcing",
    _PARTIES,
)  # fmt: skip
_ITEM: Final = samples.example_of(PartyCase, party_case(_ROW, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(PartyCasePage, {"items": [orjson.loads(orjson.dumps(_ITEM))], "next": None})
