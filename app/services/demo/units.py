"""The demo's units on the old and the new map, what succeeded what, and the officers who moved along.

Provinces, their codes and how they merged are real (app/data/provinces.csv); offices and officers are made up.
"""

import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from app.services.demo.calibration import OFFICERS, PROVINCIAL_SHARE, REGIONAL_OFFICES, scaled, spread
from app.services.demo.districts import districts
from app.services.demo.ids import uuid7
from app.services.demo.names import person

FILE: Final = Path(__file__).parents[2] / "data" / "provinces.csv"
NATION: Final = "01890000-0000-7000-8000-000000000001"
OLD_MAP: Final = date(2009, 7, 1)  # the Law on Civil Judgment Enforcement 26/2008/QH12 came into force
NEW_MAP: Final = date(2025, 7, 1)  # 34 provinces, regional offices
DONG_NAI: Final = "75"
DONG_NAI_A_CITY: Final = date(2026, 4, 30)

# Work of a province compared with its number of districts: cities have more, the mountains less. Set so that the
# provinces whose results were published (Hồ Chí Minh City, Phú Thọ, FY2025) come out near them.
WORKLOAD: Final = {
    "79": 2.74, "74": 3.0, "77": 2.0, "01": 1.5, "75": 1.3, "48": 1.3, "92": 1.2,
    "25": 0.68, "26": 0.83, "17": 0.5, "02": 0.5, "04": 0.5, "06": 0.5, "08": 0.6, "10": 0.6, "11": 0.5, "12": 0.5,
    "14": 0.6, "15": 0.5, "20": 0.6, "62": 0.5, "67": 0.7,
}  # fmt: skip
# Cases left standing compared with the nation: 1 is the average, below 1 a better result rate (Phú Thọ: 85.70 %).
LEFT_STANDING: Final = {"17": 0.97, "25": 0.97, "26": 0.97}
LEFT_STANDING_RANGE: Final = (0.72, 1.32)
LEFT_SERVICE: Final = 0.06
RANKS: Final = ("primary", "intermediate", "senior")
PROMOTED: Final = 0.35


@dataclass(frozen=True)
class UnitRow:
    """A unit as the table keeps it; `until` None is open."""

    id: str
    code: str
    province_code: str
    level: str
    parent_id: str
    path: str
    since: date
    until: date | None
    names: list[tuple[str, date, date | None]]


@dataclass(frozen=True)
class OfficerRow:
    """An officer and the postings `(unit, rank, since, until)`."""

    id: str
    code: str
    name: str
    postings: list[tuple[str, str, date, date | None]]


@dataclass
class Office:
    """An office of the old map that takes cases, with the office that took them over."""

    unit: UnitRow
    successor: UnitRow
    place: str
    weight: float
    left_standing: float
    officers: list[str] = field(default_factory=list)
    heirs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Organisation:
    """All units, officers and successor links of the demo."""

    units: list[UnitRow]
    officers: list[OfficerRow]
    offices: list[Office]

    @property
    def successors(self) -> list[tuple[str, str]]:
        """(predecessor, successor) of every unit of the old map."""
        return [(office.unit.id, office.successor.id) for office in self.offices]


def organisation(scale: float, seed: int) -> Organisation:
    """The organisation of a book; every unit exists at any scale, officers grow with it."""
    rng = Random(f"{seed} units")  # noqa: S311 — a book to be repeated, not a secret
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    merged: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        merged.setdefault(row["new_code"], []).append(row)
    offices_of = dict(zip(merged, _regional_offices(list(merged.values())), strict=True))
    units: list[UnitRow] = []
    offices: list[Office] = []
    for code, predecessors in merged.items():
        province, regions = _new_province(code, predecessors[0]["new_name"], offices_of[code], rng)
        units += [province, *regions]
        total = sum(int(row["old_districts_2025_03"]) for row in predecessors)
        number = 0
        for row in predecessors:
            old = _old_province(row, rng)
            parts = [regions[(number + i) * len(regions) // total] for i in range(len(old) - 1)]
            number += len(parts)
            units += [unit for unit, _ in old]
            offices += _offices(row["old_code"], old, [province, *parts], rng)
    return Organisation(units, _officers(offices, scale, rng), offices)


def _regional_offices(merged: list[list[dict[str, str]]]) -> list[int]:
    """355 regional offices over 34 provinces in proportion to their old districts, by largest remainder."""
    sizes = [sum(int(row["old_districts_2025_03"]) for row in rows) for rows in merged]
    shares = [divmod(size * REGIONAL_OFFICES, sum(sizes)) for size in sizes]
    offices = [whole for whole, _ in shares]
    by_remainder = sorted(range(len(sizes)), key=lambda i: -shares[i][1])
    for i in by_remainder[: REGIONAL_OFFICES - sum(offices)]:
        offices[i] += 1
    return offices


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _new_province(code: str, name: str, offices: int, rng: Random) -> tuple[UnitRow, list[UnitRow]]:
    names: list[tuple[str, date, date | None]] = [(f"THADS {_lower(name)}", NEW_MAP, None)]
    if code == DONG_NAI:
        names = [("THADS tỉnh Đồng Nai", NEW_MAP, DONG_NAI_A_CITY), (names[0][0], DONG_NAI_A_CITY, None)]
    day, path = NEW_MAP.toordinal(), f"vn.t{code}."
    top = UnitRow(uuid7(day, rng), f"G15.{code}", code, "provincial", NATION, path, NEW_MAP, None, names)
    short = name.split(" ", 1)[1] if name.startswith("Tỉnh") else name.removeprefix("Thành phố ")
    regions = [
        UnitRow(
            uuid7(day, rng), f"G15.{code}.{no:03}", code, "regional", top.id, f"{path}k{no:02}.", NEW_MAP, None,
            [(f"Phòng THADS khu vực {no} – {short}", NEW_MAP, None)],
        )
        for no in range(1, offices + 1)
    ]  # fmt: skip
    return top, regions


def _old_province(row: dict[str, str], rng: Random) -> list[tuple[UnitRow, str]]:
    """The provincial department and its district offices, each with the place it is responsible for."""
    code, name = row["old_code"], _lower(row["old_name"])
    day, path = OLD_MAP.toordinal(), f"vn.c{code}."
    top = UnitRow(
        uuid7(day, rng), f"G15.{code}", code, "provincial", NATION, path, OLD_MAP, NEW_MAP,
        [(f"Cục THADS {name}", OLD_MAP, NEW_MAP)],
    )  # fmt: skip
    found = [(top, name)]
    for no, (kind, district) in enumerate(districts(code), 1):
        place = f"{kind} {district}"
        unit = UnitRow(
            uuid7(day, rng), f"G15.{code}.{no:03}", code, "district", top.id, f"{path}d{no:03}.", OLD_MAP, NEW_MAP,
            [(f"Chi cục THADS {place}", OLD_MAP, NEW_MAP)],
        )  # fmt: skip
        found.append((unit, f"{place}, {name}"))
    return found


def _offices(code: str, old: list[tuple[UnitRow, str]], successors: list[UnitRow], rng: Random) -> list[Office]:
    """The offices of one old province; the province itself takes the provincial share of its work."""
    work = WORKLOAD.get(code, 1.0) * (len(old) - 1)
    busy = [rng.uniform(0.5, 1.8) for _ in old[1:]]
    weights = [PROVINCIAL_SHARE * work, *((1 - PROVINCIAL_SHARE) * work * one / sum(busy) for one in busy)]
    left = LEFT_STANDING.get(code) or rng.uniform(*LEFT_STANDING_RANGE)
    return [
        Office(unit, successor, place, weight, left)
        for (unit, place), successor, weight in zip(old, successors, weights, strict=True)
    ]


def _officers(offices: list[Office], scale: float, rng: Random) -> list[OfficerRow]:
    """Officers in proportion to the work, at least one per district and two per province."""
    wanted = spread(scaled(OFFICERS, scale), [round(office.weight * 1000) for office in offices])
    rows: list[OfficerRow] = []
    for office, share in zip(offices, wanted, strict=True):
        provincial = office.unit.level == "provincial"
        number = max(share, 2 if provincial else 1)
        stays = [i == 0 or rng.random() >= LEFT_SERVICE for i in range(number)]
        made = [_officer(office, stay, len(rows) + i, rng) for i, stay in enumerate(stays, 1)]
        office.officers = [officer.id for officer in made]
        # Who left handed the cases to a colleague who stayed.
        remaining = [officer.id for officer, stay in zip(made, stays, strict=True) if stay]
        office.heirs = [
            o.id if stay else remaining[i % len(remaining)] for i, (o, stay) in enumerate(zip(made, stays, strict=True))
        ]
        rows += made
        if provincial:
            rows += [_aide(office, rank, len(rows) + i, rng) for i, rank in enumerate(("verifier", "clerk"), 1)]
    return rows


def _officer(office: Office, stays: bool, number: int, rng: Random) -> OfficerRow:
    rank = rng.choices((0, 1, 2), (70, 25, 5) if office.unit.level == "district" else (30, 50, 20))[0]
    postings: list[tuple[str, str, date, date | None]] = [(office.unit.id, RANKS[rank], OLD_MAP, NEW_MAP)]
    if rank and rng.random() < PROMOTED:
        promoted = date(rng.randrange(2014, 2024), rng.randrange(1, 13), 1)
        postings = [
            (office.unit.id, RANKS[rank - 1], OLD_MAP, promoted),
            (office.unit.id, RANKS[rank], promoted, NEW_MAP),
        ]
    if stays:
        postings.append((office.successor.id, RANKS[rank], NEW_MAP, None))
    return OfficerRow(uuid7(OLD_MAP.toordinal(), rng), f"CHV-{number:05}", person(rng), postings)


def _aide(office: Office, rank: str, number: int, rng: Random) -> OfficerRow:
    postings: list[tuple[str, str, date, date | None]] = [
        (office.unit.id, rank, OLD_MAP, NEW_MAP),
        (office.successor.id, rank, NEW_MAP, None),
    ]
    return OfficerRow(uuid7(OLD_MAP.toordinal(), rng), f"CB-{number:05}", person(rng), postings)
