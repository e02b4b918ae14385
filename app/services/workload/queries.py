"""Reading the classes that hold."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from app.db import Reads, Row
from app.services.workload.rules import NewScheme

COLUMNS: Final = ("unit_id", "indicator", "version", "since", "classes", "decision_no", "decision_date", "signer")
"""The projection of a scheme; `app.api.v1.schemas.workload_classes.scheme_out` turns a row into JSON."""


async def scheme_of(db: Reads, unit_id: str, indicator: str, on: date) -> Row | None:
    """The classes that hold on a day: the newest version that has begun; a row of `COLUMNS`."""
    sql = f"""SELECT {", ".join(COLUMNS)} FROM workload_scheme
        WHERE unit_id = %(unit)s::uuid AND indicator = %(indicator)s AND since <= %(on)s
        ORDER BY version DESC LIMIT 1"""
    return await db.fetch_one(sql, {"unit": unit_id, "indicator": indicator, "on": on})


def classes_of(row: Row | None) -> Sequence[Mapping[str, int]]:
    """The classes of a row of `COLUMNS`; none without one."""
    return () if row is None else row[COLUMNS.index("classes")]


def as_row(new: NewScheme, version: int) -> Row:
    """A new version as a row of `COLUMNS`."""
    return (
        new.unit_id, new.indicator, version, new.since.isoformat(), new.classes, new.decision_no,
        new.decision_date.isoformat(), new.signer,
    )  # fmt: skip
