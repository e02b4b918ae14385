"""The contract of the register of officers' relatives."""

from typing import Any, Final, Literal

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Line, Name, Strict, Uuid, Version
from app.api.v1.schemas.case_inputs import IdNumber
from app.clock import today
from app.db import Row
from app.services.cases.rules import plain_number
from app.services.relatives.commands import Registered
from app.services.relatives.rules import NewRelative

Relation = Literal[
    "self", "spouse", "child", "parent", "grandparent", "uncle_aunt", "sibling", "spouse_parent", "spouse_grandparent",
    "spouse_uncle_aunt", "spouse_sibling", "grandchild", "nephew_niece",
]  # fmt: skip
RELATIVE_ID: Final = "0197c0de-0000-7000-8000-00000000d001"


class RelativeNew(Strict):
    """A person whose cases the officer may not handle (Article 21(5) of the Law on Civil Judgment Enforcement 2008)."""

    relation: Relation = Field(
        description="who it is to the officer (code list `officer-relations`); `self`: the officer", examples=["spouse"]
    )
    name: Name = Field(description="full name", examples=["Nguyễn Văn An"])
    id_number: IdNumber = Field(
        description="citizen identity number, by which parties are compared; blanks are left out",
        examples=["025090005678"],
    )
    since: BusinessDate | None = Field(None, description="first day; today when absent", examples=["2025-07-01"])
    until: BusinessDate | None = Field(None, description="day from which it is over, when known", examples=[None])

    def to_new(self) -> NewRelative:
        """The entry as the service takes it."""
        since = self.since or today()
        return NewRelative(self.relation, self.name, plain_number(self.id_number), since, self.until)


class RelativeEnd(Strict):
    """The end of an entry."""

    until: BusinessDate | None = Field(
        description="day from which it is over, its first day when it was a mistake; null takes the end back",
        examples=["2026-03-01"],
    )
    reason: Line = Field(
        description="why, for the trail; no names", examples=["Quyết định ly hôn số 12/2026/QĐST-HNGĐ"]
    )


class RelativeOut(Strict):
    """An entry of the register, masked: no relation, no number, of the name the initials."""

    id: Uuid = Field(description="id of the entry", examples=[RELATIVE_ID])
    name: str = Field(description="name; initials only", examples=["N*** V*** A***"])
    since: BusinessDate = Field(description="first day", examples=["2025-07-01"])
    until: BusinessDate | None = Field(description="day from which it is over; null while it lasts", examples=[None])
    version: Version = Field(description="version; the first part of the ETag", examples=[1])


class RelativeUnmasked(RelativeOut):
    """An entry in full; each time it is shown is on record."""

    name: str = Field(description="full name", examples=["Nguyễn Văn An"])
    relation: Relation = Field(description="who it is to the officer (code list `officer-relations`)")
    id_number: str = Field(description="citizen identity number, without blanks", examples=["025090005678"])


class RelativeRegistered(RelativeOut):
    """A new entry, and the open cases of the officer in which that person is a party already."""

    open_cases: Count = Field(
        description="open cases with a party of that identity number: hand them over to another officer", examples=[1]
    )
    same_name_cases: Count = Field(
        description="open cases with a party of the same name whose number is not known: look at them", examples=[0]
    )


class RelativePage(Strict):
    """A page of the register of an officer."""

    items: list[RelativeOut] = Field(description="entries in the order they were registered, ended ones too")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class RelativePageUnmasked(Strict):
    """The same in full: the answer to `personal_data=true`."""

    items: list[RelativeUnmasked] = Field(description="entries in the order they were registered, ended ones too")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def relative_out(row: Row) -> dict[str, Any]:
    """A row of `app.services.relatives.queries.COLUMNS` as `RelativeOut`."""
    relative_id, masked_name, since, until, version = row
    return {"id": relative_id, "name": masked_name, "since": since, "until": until, "version": version}


def relative_unmasked(row: Row) -> dict[str, Any]:
    """A row of the unmasked list as `RelativeUnmasked`."""
    *masked, name, relation, id_number = row
    return {**relative_out(tuple(masked)), "name": name, "relation": relation, "id_number": id_number}


def relative_registered(row: Row, registered: Registered) -> dict[str, Any]:
    """A row of COLUMNS as `RelativeRegistered`."""
    counts = {"open_cases": registered.open_cases, "same_name_cases": registered.same_name_cases}
    return {**relative_out(row), **counts}


_ROW: Final[Row] = (RELATIVE_ID, "N*** V*** A***", "2025-07-01", None, 1)
OUT_EXAMPLE: Final = samples.example_of(RelativeOut, relative_out(_ROW))
REGISTERED_EXAMPLE: Final = samples.example_of(
    RelativeRegistered, relative_registered(_ROW, Registered(RELATIVE_ID, 1, 0))
)
UNMASKED_EXAMPLE: Final = samples.example_of(
    RelativeUnmasked, relative_unmasked((*_ROW, "Nguyễn Văn An", "spouse", "025090005678"))
)
PAGE_EXAMPLE: Final = samples.example_of(RelativePage, {"items": [OUT_EXAMPLE], "next": None})
