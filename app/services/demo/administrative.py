"""Administrative judgments that the provinces of the demo track (theo dõi thi hành án hành chính).

Made up as a whole: their numbers and the rate they give are no one's published figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from app.services.administrative.rules import NewJudgment
from app.services.demo.days import HANDOVER_DAY, Calendar
from app.services.demo.ids import uuid7
from app.services.demo.units import Office, Organisation

FIRST_MONTH, MONTHS = -12, 24  # October 2022 to September 2025
FEWEST, MOST = 4, 10
OUTCOMES: Final = (("enforced", 0.66), ("terminated", 0.05), (None, 0.29))
COMPELLED: Final = 0.35
BODIES: Final = ("Ủy ban nhân dân", "Chủ tịch Ủy ban nhân dân", "Sở Nông nghiệp và Môi trường của")
PROPOSAL: Final = "Kiến nghị cơ quan cấp trên trực tiếp chỉ đạo thi hành và xem xét trách nhiệm"


@dataclass(frozen=True, slots=True)
class JudgmentRow(NewJudgment):
    """A judgment as the table keeps it."""

    id: str
    unit_path: str
    ended_on: date | None
    outcome: str | None


def judgments(organisation: Organisation, seed: int) -> list[JudgmentRow]:
    """What every province tracks, on the map of the day it was taken on; the same at any scale."""
    rng = Random(f"{seed} administrative")  # noqa: S311 — a book to be repeated, not a secret
    calendar = Calendar(FIRST_MONTH, MONTHS)
    offices = [office for office in organisation.offices if office.unit.level == "provincial"]
    return [row for number, office in enumerate(offices) for row in _of(office, number, calendar, rng)]


def _of(office: Office, number: int, calendar: Calendar, rng: Random) -> Iterator[JudgmentRow]:
    for no in range(1, rng.randint(FEWEST, MOST) + 1):
        month = rng.randrange(FIRST_MONTH, MONTHS)
        accepted = calendar.pick(month, 0, rng)
        unit = office.unit if accepted < HANDOVER_DAY else office.successor
        day = date.fromordinal(accepted)
        outcome = rng.choices([name for name, _ in OUTCOMES], [share for _, share in OUTCOMES])[0]
        over = month + rng.randint(1, 14)
        ended = calendar.pick(over, accepted, rng) if outcome is not None and over < MONTHS else None
        compelled = rng.random() < COMPELLED
        judged = day - timedelta(days=rng.randint(20, 60))
        yield JudgmentRow(
            id=uuid7(accepted, rng),
            unit_id=unit.id,
            unit_path=unit.path,
            officer_id=rng.choice(office.heirs),
            file_no=f"{number:02}{no:02}/{day.year}/THAHC",  # provinces that became one give no number twice
            court=f"Tòa án nhân dân {office.place}",
            judgment_no=f"{rng.randint(1, 90)}/{judged.year}/HC-ST",
            judgment_date=judged,
            decision_no=f"{rng.randint(1, 40)}/{day.year}/QĐ-THA" if compelled else None,
            decision_date=day - timedelta(days=rng.randint(0, 15)) if compelled else None,
            obliged_agency=f"{rng.choice(BODIES)} {office.place}",
            accepted_on=day,
            ended_on=None if ended is None else date.fromordinal(ended),
            outcome=None if ended is None else outcome,
            proposals=PROPOSAL if compelled and ended is None else None,
        )
