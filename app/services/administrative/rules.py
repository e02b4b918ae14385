"""What holds in the register of administrative judgments, and how it is counted. Pure functions.

An administrative judgment is carried out by the agency it obliges, within 30 days of receiving it (Law on
Administrative Procedure 93/2015/QH13, Art. 311). When it is not, the court may decide to compel it (quyết định buộc thi
hành án hành chính, Art. 312). The civil enforcement agency carries nothing out: it tracks (theo dõi, Decree
71/2016/NĐ-CP), proposes action against whoever is to blame, and counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.errors import Conflict, Fault, Invalid
from app.services.books.rules import booking_day
from app.services.statistics.rules import Period, Share


@dataclass(frozen=True, slots=True)
class NewJudgment:
    """A judgment to be tracked from `accepted_on` on; `obliged_agency` is a public body, never a person."""

    unit_id: str
    officer_id: str | None
    file_no: str
    court: str
    judgment_no: str
    judgment_date: date
    decision_no: str | None
    decision_date: date | None
    obliged_agency: str
    accepted_on: date
    proposals: str | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """What was tracked in a period: what the last one left, what came, and how it ended; numbers of judgments.

    `ended_otherwise` is what there is nothing left to track of, such as a judgment that was annulled.
    """

    carried_over: int
    newly_accepted: int
    enforced: int
    ended_otherwise: int

    @property
    def share(self) -> Share:
        """Enforced in full, of all that was tracked in the period.

        That what ended otherwise stays below the line is taken from the words of the reports; no text of law at hand
        says so.
        """
        return self.enforced, self.carried_over + self.newly_accepted

    @property
    def still_tracked(self) -> int:
        """What the period leaves to the next one."""
        return self.carried_over + self.newly_accepted - self.enforced - self.ended_otherwise


Sums = tuple[int, int, int]
"""Accepted, enforced, and ended in any way."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a register ran on: what it came to before each of some days."""

    sums: Mapping[date, Sums]

    @classmethod
    def of(cls, bounds: Sequence[date], stretches: Mapping[int, Sums]) -> "Tracking":
        """From what came in each stretch: 0 is before the first boundary, n begins with the n-th."""
        so_far, sums = (0, 0, 0), {}
        for number, day in enumerate(bounds):
            so_far = _added(so_far, stretches.get(number, (0, 0, 0)))
            sums[day] = so_far
        return cls(sums)

    def counted(self, period: Period) -> Tracked:
        """What it says of a period both ends of which are boundaries."""
        accepted, enforced, ended = self.sums[period.first]
        more_accepted, more_enforced, more_ended = self.sums[period.last + timedelta(days=1)]
        done = more_enforced - enforced
        return Tracked(accepted - ended, more_accepted - accepted, done, more_ended - ended - done)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever tracked."""
        return not any(accepted for accepted, _, _ in self.sums.values())


def together(parts: Iterable[Tracking], bounds: Sequence[date]) -> Tracking:
    """Several registers as one."""
    sums = dict.fromkeys(bounds, (0, 0, 0))
    for part in parts:
        sums = {day: _added(so_far, part.sums[day]) for day, so_far in sums.items()}
    return Tracking(sums)


def _added(a: Sums, b: Sums) -> Sums:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def check(row: Mapping[str, Any], today: date) -> None:
    """Invalid, with every fault, when the days of a judgment cannot be, or what belongs together is there in part."""
    faults = [
        Fault("in-future", {"en": "lies in the future", "vi": "ở tương lai"}, pointer=f"/{name}")
        for name in ("judgment_date", "decision_date", "accepted_on", "ended_on")
        if row[name] is not None and row[name] > today
    ]
    for earlier, later in (
        ("judgment_date", "accepted_on"),
        ("judgment_date", "decision_date"),
        ("accepted_on", "ended_on"),
    ):
        if row[earlier] is not None and row[later] is not None and row[earlier] > row[later]:
            message = {"en": f"lies before {earlier}", "vi": "trước ngày phải đi trước"}
            faults.append(Fault("day-order", message, pointer=f"/{later}"))
    for one, other in (("decision_no", "decision_date"), ("ended_on", "outcome")):
        if (row[one] is None) is not (row[other] is None):
            message = {"en": f"{one} and {other} go together", "vi": "hai thông tin phải đi cùng nhau"}
            faults.append(Fault("required", message, pointer=f"/{other if row[other] is None else one}"))
    if faults:
        raise Invalid(faults=faults)


def check_open(days: Iterable[date | None], closed_through: date | None) -> None:
    """Raises Conflict when a day lies in a closed month: unlike cases, judgments are not booked into a later one."""
    for day in days:
        if day is not None and booking_day(day, closed_through) != day:
            raise Conflict(
                {
                    "en": "The month of that day is closed; enter the first day of an open one.",
                    "vi": "Tháng của ngày đó đã khóa sổ; hãy ghi ngày đầu tiên của tháng đang mở.",
                }
            )
