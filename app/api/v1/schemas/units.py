"""The contract of units (đơn vị): the map of enforcement offices on any day, and changes of it."""

from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Code, Count, Line, Name, Query, Strict, Uuid, Version, refuse
from app.api.v1.schemas.cases import UnitBrief
from app.clock import today
from app.services.access import Caller
from app.services.reference import FOREVER, Reference, Unit
from app.services.units.commands import NewUnit, UnitChange
from app.services.units.queries import Branch, UnitFilter
from app.services.units.rules import ending

Level = Literal["national", "provincial", "district", "regional"]
ProvinceCode = Annotated[str, StringConstraints(pattern="^[0-9]{2}$")]
UnitCode = Annotated[Code, Field(max_length=35)]


class UnitFilters(Query):
    """What the list of units is narrowed to."""

    as_of: BusinessDate | None = Field(
        None, description="units that exist on this day; today when absent", examples=["2025-06-30"]
    )
    level: Level | None = Field(None, description="level (code list `unit-levels`)", examples=["regional"])
    parent: Uuid | None = Field(None, description="units directly below this one", examples=[samples.PROVINCE_ID])
    under: Uuid | None = Field(None, description="this unit and everything below it", examples=[samples.PROVINCE_ID])
    province_code: ProvinceCode | None = Field(None, description="province code of the day's map", examples=["25"])
    q: Name | None = Field(None, description="part of the name, with or without diacritics", examples=["khu vuc 3"])

    def to_filter(self) -> UnitFilter:
        """The filter as the service takes it."""
        return UnitFilter(**{**self.model_dump(), "as_of": self.as_of or today()})


class TreeFilters(Query):
    """Which part of the map is shown."""

    as_of: BusinessDate | None = Field(
        None, description="the map of this day; today when absent", examples=["2025-06-30"]
    )
    root: Uuid | None = Field(
        None, description="topmost unit; all the caller may see when absent", examples=[samples.PROVINCE_ID]
    )
    depth: Annotated[Count, Field(le=10)] | None = Field(
        None, description="levels below the topmost units; all when absent", examples=[1]
    )


class UnitItem(Strict):
    """A unit in a list."""

    id: Uuid = Field(description="unit id", examples=[samples.OFFICE_ID])
    code: Code = Field(description="electronic identifier (Decision 20/2020)", examples=["G15.25.003"])
    name: str = Field(description="name on the day asked for", examples=["Phòng THADS khu vực 3 - Phú Thọ"])
    level: Level = Field(description="level (code list `unit-levels`)", examples=["regional"])
    province_code: ProvinceCode | None = Field(
        description="province code; a key only together with the validity, because codes were given again",
        examples=["25"],
    )
    parent_id: Uuid | None = Field(
        description="the unit above; null at the top of what the caller may see", examples=[samples.PROVINCE_ID]
    )
    since: BusinessDate = Field(description="first day of its existence", examples=["2025-07-01"])
    until: BusinessDate | None = Field(
        description="day from which it is no more; null while it goes on", examples=[None]
    )
    version: Version = Field(description="version; the first part of the ETag", examples=[1])


class UnitNameOut(Strict):
    """What a unit was called for a time."""

    name: str = Field(description="the name", examples=["Phòng THADS khu vực 3 - Phú Thọ"])
    since: BusinessDate = Field(description="first day of the name", examples=["2025-07-01"])
    until: BusinessDate | None = Field(description="day from which it is no longer the name", examples=[None])


class UnitOut(UnitItem):
    """A unit with its names over time and its place in the succession; only units the caller may see are named."""

    parent: UnitBrief | None = Field(description="the unit above; null at the top of what the caller may see")
    names: list[UnitNameOut] = Field(description="names over time, oldest first")
    predecessors: list[UnitBrief] = Field(description="units it took over from")
    successors: list[UnitBrief] = Field(description="units that took over from it on the day it ended")


class UnitPage(Strict):
    """A page of units."""

    items: list[UnitItem] = Field(description="units in order of the map: each before what is below it")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class UnitNode(Strict):
    """A unit of the map with what is below it."""

    id: Uuid = Field(description="unit id", examples=[samples.PROVINCE_ID])
    code: Code = Field(description="electronic identifier (Decision 20/2020)", examples=["G15.25"])
    name: str = Field(description="name on the day", examples=["Thi hành án dân sự tỉnh Phú Thọ"])
    level: Level = Field(description="level (code list `unit-levels`)", examples=["provincial"])
    child_count: Count = Field(description="units directly below it, shown or not", examples=[10])
    children: list["UnitNode"] = Field(description="units directly below it, down to the depth asked for")


class UnitTree(Strict):
    """The map of a day."""

    as_of: BusinessDate = Field(description="the day", examples=["2025-07-01"])
    roots: list[UnitNode] = Field(description="the topmost units; one unless the caller sees separate parts")


class UnitNew(Strict):
    """A unit to be put on the map."""

    code: UnitCode = Field(description="electronic identifier (Decision 20/2020)", examples=["G15.25.011"])
    name: Name = Field(description="its name", examples=["Phòng THADS khu vực 11 - Phú Thọ"])
    level: Literal["provincial", "district", "regional"] = Field(
        description="provincial below the nation; district or regional below a province", examples=["regional"]
    )
    province_code: ProvinceCode | None = Field(None, description="province code of the map it is on", examples=["25"])
    parent_id: Uuid = Field(description="the unit above", examples=[samples.PROVINCE_ID])
    since: BusinessDate = Field(description="first day of its existence", examples=["2026-01-01"])
    until: BusinessDate | None = Field(
        None, description="day from which it is no more; null when no end is known", examples=[None]
    )

    def to_new(self) -> NewUnit:
        """The unit as the service takes it."""
        return NewUnit(**{**self.model_dump(), "until": self.until or FOREVER})


class Rename(Strict):
    """A new name from a day on."""

    name: Name = Field(description="the new name", examples=["Phòng THADS khu vực 3 - Việt Trì"])
    since: BusinessDate = Field(
        description="first day of the name; the first day of the last name corrects that name",
        examples=["2026-03-01"],
    )


class UnitPatch(Strict):
    """Changes of a unit; what is absent stays."""

    rename: Rename | None = Field(None, description="a new name from a day on")
    until: BusinessDate | None = Field(
        None, description="day from which it is no more; null takes the end back", examples=["2026-07-01"]
    )
    reason: Line | None = Field(None, description="why, for the trail", examples=["Quyết định 1899/QĐ-BTP"])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.rename is None and "until" not in self.model_fields_set:
            raise refuse("nothing-to-change", "changes nothing", "không có nội dung thay đổi")
        return self

    def to_change(self) -> UnitChange:
        """The change as the service takes it."""
        until: date | None = (self.until or FOREVER) if "until" in self.model_fields_set else None
        name, since = (self.rename.name, self.rename.since) if self.rename else (None, None)
        return UnitChange(name, since, until)


class SuccessorsNew(Strict):
    """The units that took over from one that has ended."""

    successor_ids: Annotated[list[Uuid], Field(min_length=1, max_length=50)] = Field(
        description="units that exist on the day the unit ended", examples=[[samples.OFFICE_ID]]
    )
    reason: Line | None = Field(None, description="why, for the trail", examples=["Quyết định 1899/QĐ-BTP"])

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.successor_ids)) < len(self.successor_ids):
            raise refuse("repeated", "names a unit twice", "lặp lại đơn vị", at="successor_ids")
        return self


def _day(day: date) -> str | None:
    end = ending(day)
    return None if end is None else end.isoformat()


def unit_item(unit: Unit, ref: Reference, caller: Caller, on: date) -> dict[str, Any]:
    """A unit on a day as `UnitItem`."""
    return {
        "id": unit.id,
        "code": unit.code,
        "name": unit.name(on),
        "level": unit.level,
        "province_code": unit.province_code,
        "parent_id": unit.parent_id if ref.visible(caller, unit.parent_id) else None,
        "since": unit.since.isoformat(),
        "until": _day(unit.until),
        "version": unit.version,
    }


def unit_out(unit: Unit, ref: Reference, caller: Caller, on: date) -> dict[str, Any]:
    """A unit as `UnitOut`; units outside the caller's subtrees are left out."""
    parent, *_ = [*_briefs(ref, caller, (unit.parent_id,)), None]
    return {
        **unit_item(unit, ref, caller, on),
        "parent": parent,
        "names": [{"name": n, "since": since.isoformat(), "until": _day(until)} for since, until, n in unit.names],
        "predecessors": _briefs(ref, caller, unit.predecessors),
        "successors": _briefs(ref, caller, unit.successors),
    }


def _briefs(ref: Reference, caller: Caller, unit_ids: tuple[str | None, ...]) -> list[dict[str, str]]:
    return [ref.brief(unit_id) for unit_id in unit_ids if unit_id is not None and ref.visible(caller, unit_id)]


def unit_tree(branches: list[Branch], on: date) -> dict[str, Any]:
    """The map of a day as `UnitTree`."""
    return {"as_of": on.isoformat(), "roots": [_node(branch, on) for branch in branches]}


def _node(branch: Branch, on: date) -> dict[str, Any]:
    return {
        "id": branch.unit.id,
        "code": branch.unit.code,
        "name": branch.unit.name(on),
        "level": branch.unit.level,
        "child_count": branch.child_count,
        "children": [_node(child, on) for child in branch.children],
    }


_ALL: Final = Caller("", frozenset(), ("vn.",))
_OFFICE: Final = samples.SAMPLE_REF.units[samples.OFFICE_ID]
_PROVINCE: Final = samples.SAMPLE_REF.units[samples.PROVINCE_ID]
_DAY: Final = date(2025, 7, 1)
_BRANCH: Final = Branch(_PROVINCE, 1, (Branch(_OFFICE, 0, ()),))
_SAMPLE: Final = (samples.SAMPLE_REF, _ALL, _DAY)
ITEM_EXAMPLE: Final = samples.example_of(UnitItem, unit_item(_OFFICE, *_SAMPLE))
PAGE_EXAMPLE: Final = samples.example_of(UnitPage, {"items": [ITEM_EXAMPLE], "next": None})
OUT_EXAMPLE: Final = samples.example_of(UnitOut, unit_out(_OFFICE, *_SAMPLE))
TREE_EXAMPLE: Final = samples.example_of(UnitTree, unit_tree([_BRANCH], _DAY))
