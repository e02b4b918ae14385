"""Checks over reported figures. Pure functions over whole numbers: cases (việc) or VND; shares in percentage points.

No legal text sets these thresholds. They are set so that a finding is worth a telephone call: a unit that works as it
did, or as its neighbours do, is left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import median_low
from typing import Final

from app.services.published.rules import Difference, PublishedRow, Remainder
from app.services.statistics.rules import LINES, Lines, Share, identities, lines_of, percent, points, rank_key

ERROR: Final = "error"
WARNING: Final = "warning"
INFO: Final = "info"
SEVERITIES: Final = (ERROR, WARNING, INFO)
"""What cannot be; what is unlikely; what is as it should be but often asked about."""
CODES: Final = (
    "impossible_line", "done_exceeds_conditions", "broken_identity", "opening_stock", "share_with_conditions",
    "monthly_jump", "silent_month", "published_contradiction", "published_remainder",
)  # fmt: skip

SHARE_CASES: Final = 50
"""Below so many cases to enforce a few decisions move the share (P = C1 / B) by many points."""
SHARE_POINTS: Final = 20
"""Farther than this both from the unit's own past and from its siblings. The national share has moved by up to 8 points
from one year to the next (published: 72.42 % of cases in 2024, 64.44 % in 2025)."""
SHARE_POINTS_ALONE: Final = 30
"""Where only one of the two is known, it must say more."""
SHARE_SIBLINGS: Final = 3
"""So few siblings have no middle to be far from."""

JUMP_DEVIATIONS: Final = 5
"""How many median absolute deviations, scaled by 1.4826 to a standard deviation, a change may be from the usual one.
Of figures that vary normally one in more than a million is farther off; with three it would be one in four hundred."""
JUMP_CASES: Final = 20
"""A smaller change is nothing to ask about, however steady the unit."""
JUMP_SHARE: Final = Fraction(1, 2)
"""Nor is one of less than half of the same month the year before: fairly even years have deviations near nothing."""
JUMP_MONTHS: Final = 6
"""Fewer other changes have no usual size."""
_SCALE: Final = Fraction(14826, 10000)

_NEVER_NEGATIVE: Final = (
    "must_enforce", "with_conditions", "without_conditions", "deferred_or_suspended", "done", "completed",
    "terminated", "reduced", "returned", "enforcing", "deferred_by_agreement", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in numbers: whole ones of `values_in` cases or vnd, or percent with two places.

    `month` is the month of the fiscal year it is about, None for the cumulative period; `months` the last month of a
    published period; `parts` names what a difference is made of.
    """

    code: str
    severity: str
    measure: str
    found: str
    expected: str | None = None
    difference: str | None = None
    line: str | None = None
    month: int | None = None
    months: int | None = None
    values_in: str = "cases"
    parts: Mapping[str, int] = field(default_factory=dict)


def _unit_of(measure: str) -> str:
    return "cases" if measure == "cases" else "vnd"


def _whole(code: str, severity: str, measure: str, line: str, expected: int, found: int) -> Finding:
    return Finding(
        code, severity, measure, str(found), str(expected), str(found - expected), line, values_in=_unit_of(measure)
    )


def impossible(measure: str, parts: Mapping[str, int]) -> list[Finding]:
    """Lines below zero, more done than has conditions, and identities that do not hold; from the sums of PARTS."""
    lines = lines_of(parts[name] for name in LINES)
    found = []
    for name in _NEVER_NEGATIVE:
        value = parts[name] if name in parts else getattr(lines, name)
        if value < 0:
            found.append(_whole("impossible_line", ERROR, measure, name, 0, value))
    if lines.done > lines.with_conditions:
        finding = _whole("done_exceeds_conditions", ERROR, measure, "done", lines.with_conditions, lines.done)
        found.append(finding)
    sides = _sides(lines, parts)
    return found + [
        _whole("broken_identity", ERROR, measure, name, *sides[name])
        for name, holds in identities(parts).items()
        if not holds
    ]


def _sides(lines: Lines, parts: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Both sides of each identity: what the ends and the stock say, and what the line says."""
    classes = lines.with_conditions + lines.without_conditions + lines.deferred_or_suspended
    return {
        "accepted_total": (parts["ended"] + parts["stock"], lines.accepted_total),
        "must_enforce": (classes, lines.must_enforce),
        "carried_forward": (parts["stock"], lines.carried_forward),
    }


def opening(measure: str, closing: int, stored: int, to_register: int, handed_over: int) -> Finding | None:
    """Last year's closing stock (E) against what of it this year's forms show (A1), with what was handed over.

    `stored` is the stock the books opened with, `to_register` what of it went to the separate register (sổ theo dõi
    riêng) since, `handed_over` what other units gave less what they got. What these do not explain is an adjustment:
    there is none in sound books.
    """
    adjustments = stored - closing
    parts = {"register_moves": -to_register, "handovers": handed_over, "adjustments": adjustments}
    if not any(parts.values()):
        return None
    found = stored - to_register + handed_over
    severity = ERROR if adjustments else INFO
    return Finding(
        "opening_stock", severity, measure, str(found), str(closing), str(found - closing), "carried_over",
        values_in=_unit_of(measure), parts=parts,
    )  # fmt: skip


def share_of(parts: Mapping[str, int]) -> Share:
    """P = C1 / B, unrounded, from the sums of LINES."""
    lines = lines_of(parts[name] for name in LINES)
    return lines.with_conditions, lines.must_enforce


def share_with_conditions(share: Share, own_past: Share | None, siblings: Iterable[Share]) -> Finding | None:
    """The share with conditions, C1 / B in cases, against the unit's own a year before and the middle of its siblings.

    Found where it is SHARE_POINTS from both, or SHARE_POINTS_ALONE from the only one there is.
    """
    if share[1] < SHARE_CASES:
        return None
    past = [own_past] if own_past is not None and own_past[1] >= SHARE_CASES else []
    if past and not _apart(share, past[0], SHARE_POINTS):  # most units, so siblings are seldom looked at
        return None
    others = sorted((other for other in siblings if other[1] >= SHARE_CASES), key=lambda other: rank_key(*other))
    compared = past + ([others[(len(others) - 1) // 2]] if len(others) >= SHARE_SIBLINGS else [])
    limit = SHARE_POINTS if len(compared) == 2 else SHARE_POINTS_ALONE
    if not compared or not all(_apart(share, other, limit) for other in compared):
        return None
    expected = compared[0]
    return Finding(
        "share_with_conditions", WARNING, "cases", percent(*share) or "", percent(*expected), points(share, expected),
        "with_conditions", values_in="percent",
    )  # fmt: skip


def _apart(share: Share, other: Share, limit: int) -> bool:
    """Whether two shares are more than so many percentage points apart, exactly."""
    (n, d), (m, e) = share, other
    return abs(n * e - m * d) * 100 > limit * d * e


@dataclass(frozen=True, slots=True)
class Years:
    """Cases that moved in each month: of this year so far, of the whole year before, and of the one before that."""

    now: Sequence[int]
    before: Sequence[int]
    earlier: Sequence[int]


def jumps(line: str, years: Years) -> list[Finding]:
    """Months of this year that differ from the same month a year before by far more than other months do.

    A change is far off when it is more than JUMP_DEVIATIONS scaled median absolute deviations from the median of all
    other changes of the two years, and by no less than JUMP_CASES and JUMP_SHARE. A unit that has no figures of two
    years before is left alone: nobody knows its usual changes.
    """
    if not any(years.before) or not any(years.earlier):
        return []
    of_before = [now - then for now, then in zip(years.before, years.earlier, strict=True)]
    of_now = [now - then for now, then in zip(years.now, years.before, strict=False)]
    changes = [*of_before, *of_now]
    if not of_now or max(changes) - min(changes) <= JUMP_CASES:
        return []
    found = []
    for month, change in enumerate(of_now):
        others = [*of_before, *of_now[:month], *of_now[month + 1 :]]
        if len(others) >= JUMP_MONTHS and _is_far(change, others, years.before[month]):
            finding = _whole("monthly_jump", WARNING, "cases", line, years.before[month], years.now[month])
            found.append(_in_month(finding, month + 1))
    return found


def _is_far(change: int, others: Sequence[int], before: int) -> bool:
    """Whether a change is far from the others, of a month that had so many cases a year before."""
    usual = median_low(others)
    deviation = median_low([abs(other - usual) for other in others])
    limits: list[Fraction] = [JUMP_DEVIATIONS * _SCALE * deviation, JUMP_SHARE * before, Fraction(JUMP_CASES)]
    return abs(change - usual) > max(limits)


def _in_month(finding: Finding, month: int) -> Finding:
    return Finding(
        finding.code, finding.severity, finding.measure, finding.found, finding.expected, finding.difference,
        finding.line, month, values_in=finding.values_in,
    )  # fmt: skip


def silent_months(stocks: Sequence[int], active: Sequence[bool]) -> list[Finding]:
    """Months without any entry in a unit that had cases to work on; `stocks` are those each month began with."""
    return [
        Finding("silent_month", WARNING, "cases", "0", month=month)
        for month, (stock, busy) in enumerate(zip(stocks, active, strict=True), 1)
        if stock > 0 and not busy
    ]


_PRINTED_IN: Final = {"cases": "cases", "vnd": "vnd", "percent": "percent", "percentage_points": "percent"}


def published(row: PublishedRow, differences: Iterable[Difference], remainders: Iterable[Remainder]) -> list[Finding]:
    """Where a publication contradicts its own parts, and what lies between its opening stock and what must be enforced.

    A figure the source calls approximate contradicts nothing by a little: of these there is no finding.
    """
    found = [
        Finding(
            "published_contradiction", WARNING, row.measure, d.published, d.recomputed, d.difference,
            d.name, months=row.months, values_in=_PRINTED_IN[d.measure],
        )
        for d in differences
        if not d.approximate
    ]  # fmt: skip
    return found + [
        Finding(
            "published_remainder", INFO, row.measure, str(r.value), "0", str(r.value), r.name, months=row.months,
            values_in=_unit_of(row.measure),
        )
        for r in remainders
        if r.name == "register_moves_and_deductions" and r.value and not r.approximate
    ]  # fmt: skip
