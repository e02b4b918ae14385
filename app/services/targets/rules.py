"""What holds for targets (chỉ tiêu) and for comparing results with them. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Final

from app.errors import Fault, Invalid, invalid
from app.models.codes import INDICATORS_BY_NUMBER
from app.services.books.rules import fiscal_year as fiscal_year_of
from app.services.books.rules import fiscal_year_start
from app.services.statistics.rules import FIRST_YEAR, Lines, Period, Share, percent, points, rank_key, ratio

MEASURE_OF: Final = {"cases_rate": "cases", "money_rate": "money"}
INDICATORS: Final = tuple(MEASURE_OF)
"""The indicators of `/v1/target-attainment` where none is named, each the result rate of a measure in all cases."""
MILESTONES: Final = (3, 6, 9, 10)
"""Months after which what is reached may be held against a target."""
_KEY: Final = itemgetter(0)


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A target to be assigned to a unit or an officer; `rate_bp` in hundredths of a percent, `amount` in cases or VND.

    `milestones` say what is to be reached after so many months, in the unit of the target itself.
    """

    fiscal_year: int
    indicator: str
    rate_bp: int | None
    decision_no: str
    decision_date: date
    signer: str
    effective_on: date
    unit_id: str | None = None
    officer_id: str | None = None
    amount: int | None = None
    milestones: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Amendment:
    """The next version of a target."""

    rate_bp: int | None
    decision_no: str
    decision_date: date
    signer: str
    effective_on: date
    amount: int | None = None
    milestones: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetVersion:
    """One version of the target of a unit or an officer; `value` in hundredths of a percent, or in cases or VND."""

    id: str
    holder_id: str
    fiscal_year: int
    indicator: str
    version: int
    value: int
    effective_on: date

    @property
    def share(self) -> Share:
        """A target that is a rate, as a share."""
        return self.value, 10_000


@dataclass(frozen=True, slots=True)
class Assigned:
    """One version of a target by any indicator; `value` in hundredths of a percent, or in cases or VND.

    `milestones` are in the same unit, by the months since 1 October.
    """

    id: str
    version: int
    value: int
    milestones: Mapping[str, int]


@dataclass(slots=True)
class Result:
    """How far a unit or an officer has come by one indicator.

    `share` is the result rate (tỷ lệ thi hành xong): done of what has conditions; `before` that of the same period of
    the previous year. Of an indicator that is a number their numerators are that number.
    """

    lines: Lines
    share: Share
    before: Share
    target: TargetVersion | None
    rank: int | None = None


def check_days(fiscal_year: int, decision_date: date, effective_on: date, today: date) -> None:
    """A target is decided before it is recorded, and takes effect in its fiscal year; Invalid otherwise."""
    faults = []
    if decision_date > today:
        message = {"en": "lies in the future", "vi": "ở tương lai"}
        faults.append(Fault("in-future", message, pointer="/decision_date"))
    if fiscal_year_of(effective_on) != fiscal_year:
        message = {"en": "lies outside the fiscal year", "vi": "nằm ngoài năm báo cáo"}
        faults.append(Fault("outside-fiscal-year", message, pointer="/effective_on"))
    if faults:
        raise Invalid(faults=faults)


def value_faults(indicator: str, new: NewTarget | Amendment, at: str = "") -> list[Fault]:
    """What is wrong with the value of a target and its milestones; `at` is where it stands in the body."""
    given, other = ("amount", "rate") if indicator in INDICATORS_BY_NUMBER else ("rate", "amount")
    values = {"rate": new.rate_bp, "amount": new.amount}
    value = values[given]
    if value is None or values[other] is not None:
        message = {"en": f"give {given}, not {other}", "vi": f"nêu {given}, không nêu {other}"}
        return [Fault("wrong-unit", message, pointer=f"{at}/{given if value is None else other}")]
    steps = [new.milestones[str(months)] for months in MILESTONES if str(months) in new.milestones]
    if [*steps, value] != sorted([*steps, value]):
        message = {"en": "must rise to the target and not beyond", "vi": "phải tăng dần đến chỉ tiêu, không vượt quá"}
        return [Fault("milestone-order", message, pointer=f"{at}/milestones")]
    return []


def asked_day(fiscal_year: int | None, as_of: date | None, today: date) -> date:
    """The day results are asked for: today, or the last day of a year gone by. Invalid when it cannot be."""
    if as_of is not None and as_of > today:
        raise invalid("in-future", "lies in the future", "ở tương lai", parameter="as_of")
    if as_of is not None and fiscal_year_of(as_of) < FIRST_YEAR:
        raise invalid("too-early", "lies before the books", "trước khi có sổ liệu", parameter="as_of")
    if as_of is not None and fiscal_year not in (None, fiscal_year_of(as_of)):
        raise invalid("outside-fiscal-year", "lies outside the fiscal year", "nằm ngoài năm báo cáo", parameter="as_of")
    if fiscal_year is not None and fiscal_year_start(fiscal_year) > today:
        raise invalid("in-future", "has not begun", "chưa bắt đầu", parameter="fiscal_year")
    if as_of is not None or fiscal_year is None:
        return as_of or today
    return min(Period.of_months(fiscal_year, 12).last, today)


def attainment(share: Share, target: TargetVersion | None) -> str | None:
    """The result rate as a percentage of the target (mức độ hoàn thành chỉ tiêu)."""
    if target is None or not share[1]:
        return None
    return ratio(share[0] * 1_000_000, share[1] * target.value)


def distance(share: Share, target: TargetVersion | None) -> str | None:
    """Result rate less target, in percentage points; negative while the target is not reached."""
    return None if target is None else points(share, target.share)


def amount_attainment(amount: int, target: TargetVersion | None) -> str | None:
    """A number of cases or VND as a percentage of the target; None without one, or where it is 0."""
    return None if target is None else percent(amount, target.value)


def amount_distance(amount: int, target: TargetVersion | None) -> int | None:
    """A number less its target, in cases or VND; negative while the target is not reached."""
    return None if target is None else amount - target.value


def by_rate(result: Result) -> Share:
    """What rates are ranked by."""
    return result.share


def by_attainment(result: Result) -> Share:
    """What numbers are ranked by: how much of the target is reached, for units differ in size. Without one no place."""
    return (0, 0) if result.target is None else (result.share[0], result.target.value)


def is_below(share: Share, average: Share) -> bool | None:
    """Whether a rate is lower than the average, exactly; None where one of them does not exist."""
    if not share[1] or not average[1]:
        return None
    return rank_key(*share) < rank_key(*average)


def set_ranks(results: Sequence[Result], share_of: Callable[[Result], Share] = by_rate) -> int:
    """Ranks by rate, highest first, equal rates equal; no rank without a rate. Returns how many have one."""
    shares = ((share_of(result), result) for result in results)
    keyed = sorted(((rank_key(*share), result) for share, result in shares if share[1]), key=_KEY, reverse=True)
    places: dict[int, int] = {}
    for place, (key, result) in enumerate(keyed, 1):
        result.rank = places.setdefault(key, place)
    return len(keyed)
