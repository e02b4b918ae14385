"""A small piece of reference data from which the examples of the contract are presented."""

from datetime import date
from typing import Any, Final

import orjson
from pydantic import BaseModel

from app.services.reference import FOREVER, Officer, Posting, Reference, Unit
from app.services.regimes.rules import Regime

NATION_ID: Final = "01890000-0000-7000-8000-000000000001"
PROVINCE_ID: Final = "0197c0de-0000-7000-8000-000000000025"
OFFICE_ID: Final = "0197c0de-0000-7000-8000-000000002503"
OFFICER_ID: Final = "0197c0de-0000-7000-8000-00000000a001"
MATTER_ID: Final = "0197c0de-0000-7000-8000-00000000b001"
CASE_ID: Final = "01948b6a-7c00-7d3e-9a41-5f2d8c7b6a10"
JOB_ID: Final = "019ab000-0000-7000-8000-00000000c001"

_NEW_MAP: Final = date(2025, 7, 1)


def _unit(unit_id: str, code: str, level: str, parent: str | None, path: str, name: str) -> Unit:
    since = _NEW_MAP if parent else date(1993, 7, 1)
    names = ((since, FOREVER, name),)
    province = None if level == "national" else "25"
    return Unit(unit_id, code, province, level, parent, path, since, FOREVER, 1, names, (), ())


SAMPLE_LINES: Final = {
    "B1": ["entrusted"], "B2": ["withdrawn"], "B3": ["pulled_up"],
    "D1": ["completed", "terminated", "reduced", "returned"], "D2": ["enforcing"], "D3": ["deferred_by_agreement"],
    "D4": ["other"], "C2": ["no_conditions"], "C3": ["deferred", "suspended"],
}  # fmt: skip


def _regime(code: str, number: str, since: date, until: date) -> Regime:
    name, lines = f"Thông tư {number}/TT-BTP", dict.fromkeys(("cases", "money"), SAMPLE_LINES)
    return Regime(code, 1, name, f"Circular {number}", False, lines, name, since, until, since)


SAMPLE_REF: Final = Reference(
    units=[
        _unit(NATION_ID, "G15", "national", None, "vn.", "Cục Quản lý Thi hành án dân sự"),
        _unit(PROVINCE_ID, "G15.25", "provincial", NATION_ID, "vn.t25.", "Thi hành án dân sự tỉnh Phú Thọ"),
        _unit(OFFICE_ID, "G15.25.003", "regional", PROVINCE_ID, "vn.t25.k03.", "Phòng THADS khu vực 3 - Phú Thọ"),
    ],
    officers=[
        Officer(
            OFFICER_ID,
            "CHV-25-0031",
            "Trần Thị Minh Hạnh",
            1,
            (Posting(OFFICE_ID, "intermediate", _NEW_MAP, FOREVER),),
        )
    ],
    clients=[],
    regimes=[
        _regime("tt06-2019", "06/2019", date(2020, 1, 5), date(2024, 7, 26)),
        _regime("tt05-2024", "05/2024", date(2024, 7, 26), date(2026, 7, 1)),
    ],
    rules=[],
)


def example_of(model: type[BaseModel], presented: dict[str, Any]) -> dict[str, Any]:
    """What a presenter made of a sample, once it has exactly the members of its schema and is valid by it.

    Members that may be absent are left to the tests.

    Runs at import: a presenter that drifts from its schema stops the service from starting.
    """
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    if not required <= presented.keys() <= model.model_fields.keys():
        raise TypeError(f"{model.__name__} and its presenter differ: {presented.keys() ^ model.model_fields.keys()}")
    model.model_validate_json(orjson.dumps(presented))
    return presented
