"""What is measured, and the proof that all contenders answer it alike."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg

from bench.contenders import SERVICE, Started
from bench.database import Loaded
from bench.processes import Failed

READ: Final = "read"
LIST: Final = "list"
PRIORITY: Final = "priority"
TOTALS: Final = "totals"
ATTAINMENT: Final = "attainment"
NAMES: Final = (READ, LIST, PRIORITY, TOTALS, ATTAINMENT)

SAMPLED_CASES: Final = 5_000
COMPARED: Final = 25
OWN_FIELDS: Final = ("next",)
"""Each server signs cursors in its own way: only whether there is one is compared."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A kind of request, with the paths it is drawn from."""

    name: str
    title: str
    paths: tuple[str, ...]


def operations(database: Loaded) -> dict[str, Operation]:
    """The operations over what the database holds; cases and offices are drawn at random, alike in every run."""
    with psycopg.connect(database.url) as connection:
        ids = [str(row[0]) for row in connection.execute(_IDS)]
        offices = [str(row[0]) for row in connection.execute(_OFFICES)]
    cases = random.Random(1).sample(ids, min(SAMPLED_CASES, len(ids)))
    found = (
        Operation(READ, "read one case", tuple(f"/v1/cases/{case}" for case in cases)),
        Operation(
            LIST,
            "list 50 open cases of an office",
            tuple(f"/v1/cases?unit={office}&open=true&limit=50" for office in offices),
        ),
        Operation(PRIORITY, "50 priority cases of the nation", ("/v1/priority-cases?limit=50",)),
        Operation(TOTALS, "their totals", ("/v1/priority-cases/summary",)),
        _attainment(database),
    )
    return {operation.name: operation for operation in found}


def scaled(database: Loaded) -> dict[str, Operation]:
    """Operations that must not cost more when the database grows; pages short enough to be full in the small one."""
    found = operations(database)
    pages = (
        Operation(flag, f"first 25 {flag} cases of the nation", (f"/v1/priority-cases?flags={flag}&limit=25",))
        for flag in ("long_running", "high_value", "steering_committee")
    )
    listed = (found[READ], found[ATTAINMENT], *pages, *_statistics(database))
    return {operation.name: operation for operation in listed}


def _statistics(database: Loaded) -> list[Operation]:
    """Figures of the last year that is over."""
    with psycopg.connect(database.url) as connection:
        offices = [str(row[0]) for row in connection.execute(_OFFICES)]
        officers = [f"{unit}&officer={officer}" for unit, officer in connection.execute(_OFFICERS)]
        provinces = [str(row[0]) for row in connection.execute(_PROVINCES)]
    year = "fiscal_year=2025&months=12"
    parts = f"/v1/statistics/breakdown?{year}&group_by=unit&level=provincial&limit=50"
    statement, cases = f"/v1/statistics/periods?{year}", f"/v1/statistics/cases?{year}&measure=cases&limit=50"
    return [
        Operation("report", "report of the nation with 34 provinces", (parts,)),
        Operation("nation", "statement of the nation", (statement,)),
        Operation("province", "statement of a province", _each(f"{statement}&unit=", provinces)),
        Operation("office", "statement of an office", _each(f"{statement}&unit=", offices)),
        Operation("officer", "statement of an officer", _each(f"{statement}&unit=", officers)),
        Operation("opened", "50 cases behind a figure", _each(f"{cases}&line=done&unit=", offices)),
        Operation("standing", "50 of those that stand somewhere", _each(f"{cases}&line=enforcing&unit=", offices)),
        Operation("opened-nation", "50 cases behind a figure of the nation", (f"{cases}&line=done",)),
    ]


def _each(path: str, ends: list[str]) -> tuple[str, ...]:
    return tuple(path + end for end in ends)


def of_a_province(database: Loaded) -> dict[str, Operation]:
    """Operations that a client of one province may ask as well as one of the nation."""
    with psycopg.connect(database.url) as connection:
        unit = connection.execute("SELECT id FROM unit WHERE path = %s", [PROVINCE]).fetchone()
        within = [PROVINCE, PROVINCE[:-1] + "/"]
        ids = [str(row[0]) for row in connection.execute(_IDS_WITHIN, within)]
        offices = [str(row[0]) for row in connection.execute(_OFFICES_WITHIN, within)]
        day = connection.execute("SELECT max(day) FROM rollup_unit_day").fetchone()
    province = f"unit={unit[0] if unit else ''}"
    cases = random.Random(1).sample(ids, min(SAMPLED_CASES, len(ids)))
    lists = tuple(f"/v1/cases?unit={office}&open=true&limit=50" for office in offices)
    attained = f"/v1/target-attainment?of=children&{province}&as_of={day[0] if day else ''}&limit=50"
    found = (
        Operation(READ, "read one case", tuple(f"/v1/cases/{case}" for case in cases)),
        Operation(LIST, "list 50 open cases of an office", lists),
        Operation(PRIORITY, "50 priority cases of a province", (f"/v1/priority-cases?{province}&limit=50",)),
        Operation(TOTALS, "their totals", (f"/v1/priority-cases/summary?{province}",)),
        Operation(ATTAINMENT, "attainment of the offices of a province", (attained,)),
    )
    return {operation.name: operation for operation in found}


def _attainment(database: Loaded) -> Operation:
    """Up to the last day of the book, so that there is a year to sum up."""
    with psycopg.connect(database.url) as connection:
        row = connection.execute("SELECT max(day) FROM rollup_unit_day").fetchone()
    path = f"/v1/target-attainment?of=level&level=provincial&as_of={row[0] if row else ''}&limit=50"
    return Operation(ATTAINMENT, "attainment of 34 provinces", (path,))


PROVINCE: Final = "vn.t25."
_IDS_WITHIN: Final = "SELECT id FROM enforcement_case WHERE unit_path >= %s AND unit_path < %s ORDER BY id"
_OFFICES_WITHIN: Final = """
    SELECT unit_id FROM enforcement_case WHERE unit_path >= %s AND unit_path < %s AND is_open
    GROUP BY unit_id ORDER BY count(*) DESC, unit_id LIMIT 10"""
_IDS: Final = "SELECT id FROM enforcement_case ORDER BY id"
# offices with more than a page, or the fullest ones of a small database
_OFFICES: Final = """
    SELECT unit_id FROM enforcement_case WHERE is_open GROUP BY unit_id
    ORDER BY (count(*) > 50) DESC, CASE WHEN count(*) > 50 THEN 0 ELSE -count(*) END, unit_id LIMIT 300"""

_PROVINCES: Final = "SELECT id FROM unit WHERE level = 'provincial' AND upper_inf(validity) ORDER BY path"
_OFFICERS: Final = """
    SELECT unit_id, officer_id FROM rollup_officer_month WHERE month BETWEEN '2025-07-01' AND '2025-09-01'
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 300"""


def compare(operation: Operation, started: Started) -> None:
    """`Failed` with the first difference when a peer does not give the service's JSON."""
    paths = random.Random(2).sample(operation.paths, min(COMPARED, len(operation.paths)))
    with httpx.Client(headers={"Authorization": f"Bearer {started.token}"}, timeout=60) as client:
        for path in paths:
            answers = {c.name: _answer(client, c.address + path) for c in started.contenders}
            wanted = answers.pop(SERVICE)
            for name, answer in answers.items():
                difference = first_difference(wanted, answer)
                if difference:
                    raise Failed(f"{name} answers {path} differently: {difference}")


def _answer(client: httpx.Client, address: str) -> Any:
    answer = client.get(address)
    if answer.status_code != httpx.codes.OK:
        raise Failed(f"{address} answers {answer.status_code}: {answer.text[:500]}")
    return answer.json()


def first_difference(wanted: Any, found: Any, place: str = "$") -> str | None:
    """Where two JSON values differ first, with both values; None when they are equal."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        if wanted.keys() != found.keys():
            return f"{place} has the fields {sorted(wanted.keys() ^ found.keys())} on one side only"
        pairs: Sequence[tuple[str, Any, Any]] = [
            (f"{place}.{name}", *(_own(name, side[name]) for side in (wanted, found))) for name in wanted
        ]
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return f"{place} has {len(wanted)} items here and {len(found)} there"
        pairs = [(f"{place}[{number}]", *both) for number, both in enumerate(zip(wanted, found, strict=True))]
    else:
        same = type(wanted) is type(found) and wanted == found
        return None if same else f"{place} is {wanted!r} here and {found!r} there"
    return next((found_one for at, a, b in pairs if (found_one := first_difference(a, b, at))), None)


def _own(name: str, value: Any) -> Any:
    return value is None if name in OWN_FIELDS else value
