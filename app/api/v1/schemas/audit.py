"""The contract of the trail: changes and unmasked reads."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Code, Instant, Line, Query, Strict, Uuid
from app.api.v1.schemas.cases import UnitBrief
from app.db import Row
from app.services.access import CLASSES
from app.services.audit.queries import AuditFilter
from app.services.reference import Reference

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_-]{0,39}$")]
Key = Annotated[Line, Field(max_length=255)]
RecordNo = Annotated[int, Field(ge=1, le=2**53)]


class AuditFilters(Query):
    """What the trail is narrowed to."""

    subject: Word | None = Field(None, description="kind of thing the record is about", examples=["case"])
    subject_id: Key | None = Field(None, description="id of that thing, such as a case", examples=[samples.CASE_ID])
    action: Word | None = Field(
        None, description="what was done; `unmasked`: personal data were shown", examples=["unmasked"]
    )
    client: Code | None = Field(None, description="client that did it", examples=["demo-province"])
    person: Key | None = Field(None, description="person the client acted for", examples=["tran.hanh"])
    unit: Uuid | None = Field(
        None, description="things of this unit and everything below it", examples=[samples.PROVINCE_ID]
    )
    recorded_from: Instant | None = Field(None, description="at or after", examples=["2026-11-01T00:00:00+07:00"])
    recorded_until: Instant | None = Field(None, description="before", examples=["2026-12-01T00:00:00+07:00"])

    def to_filter(self) -> AuditFilter:
        """The filter as the service takes it."""
        given = self.model_dump()
        return AuditFilter(client_id=given.pop("client"), person_id=given.pop("person"), **given)


class PersonOut(Strict):
    """The person a client acted for, as the token said."""

    id: str = Field(description="subject of the token", examples=["tran.hanh"])
    unit: UnitBrief | None = Field(description="the person's unit; null when it is not known here")
    role: str = Field(description="the person's role", examples=["officer"])


class AuditItem(Strict):
    """What was done or seen, by whom, when and why. Content is masked."""

    id: RecordNo = Field(description="number of the record", examples=[48_211])
    recorded_at: Instant = Field(description="moment it was recorded", examples=["2026-11-24T02:11:45.123456Z"])
    subject: str = Field(description="kind of thing the record is about", examples=["case"])
    subject_id: str = Field(description="its id", examples=[samples.CASE_ID])
    action: str = Field(description="what was done; `unmasked`: personal data were shown", examples=["completed"])
    unit: UnitBrief | None = Field(description="the unit it belonged to; null for things of the whole nation")
    confidentiality: Literal["ordinary", "restricted", "secret"] = Field(
        description="class of the thing at that moment", examples=["ordinary"]
    )
    client_id: str = Field(description="client that did it", examples=["demo-province"])
    person: PersonOut | None = Field(description="person the client acted for; null when it acted for itself")
    request_id: Uuid | None = Field(
        description="`X-Request-ID` of the request; null for operators",
        examples=["0197c0de-0000-7000-8000-00000000f00d"],
    )
    reason: str | None = Field(
        description="why, as given; of an unmasked read its purpose", examples=["Báo cáo số 88/BC-CTHADS"]
    )
    before: dict[str, Any] | None = Field(
        description="what it was, as far as it changed", examples=[{"account": "enforcing"}]
    )
    after: dict[str, Any] | None = Field(description="what it became", examples=[{"account": "completed"}])


class AuditPage(Strict):
    """A page of the trail."""

    items: list[AuditItem] = Field(description="records, newest first")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def audit_item(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.audit.queries.COLUMNS` as `AuditItem`."""
    audit_id, recorded_at, subject, subject_id, action, unit_id, confidentiality, client_id, *more = row
    person_id, person_unit_id, person_role, request_id, reason, before, after = more
    person = {"id": person_id, "unit": _unit(person_unit_id, ref), "role": person_role}
    return {
        "id": audit_id,
        "recorded_at": recorded_at,
        "subject": subject,
        "subject_id": subject_id,
        "action": action,
        "unit": _unit(unit_id, ref),
        "confidentiality": CLASSES[confidentiality],
        "client_id": client_id,
        "person": None if person_id is None else person,
        "request_id": request_id,
        "reason": reason,
        "before": None if before is None else orjson.Fragment(before),
        "after": None if after is None else orjson.Fragment(after),
    }


def _unit(unit_id: str | None, ref: Reference) -> dict[str, str] | None:
    return ref.brief(unit_id) if unit_id in ref.units else None


_ROW: Final[Row] = (
    48_211, "2026-11-24T02:11:45.123456Z", "case", samples.CASE_ID, "completed", samples.OFFICE_ID, 0,
    "demo-province", "tran.hanh", samples.OFFICE_ID, "officer", "0197c0de-0000-7000-8000-00000000f00d", None,
    '{"account": "enforcing"}', '{"account": "completed"}',
)  # fmt: skip
_ITEM: Final = samples.example_of(AuditItem, audit_item(_ROW, samples.SAMPLE_REF))
ITEM_EXAMPLE: Final[dict[str, Any]] = orjson.loads(orjson.dumps(_ITEM))
PAGE_EXAMPLE: Final = samples.example_of(AuditPage, {"items": [ITEM_EXAMPLE], "next": None})
