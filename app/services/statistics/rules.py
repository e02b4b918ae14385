"""The counting identities (các đẳng thức thống kê): periods, lines, rates. Pure functions over whole numbers.

A line is a formula over the accounts of the books. The statements sum the formulas in the database; what follows
from them (A, B, C1, E, rates, differences) is computed here, exactly, never in floating point.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.models.codes import ACCOUNTS_DONE, ACCOUNTS_STOCK
from app.services.books.rules import fiscal_year, fiscal_year_start, month_after

# Decree 152/2026: one decision per debtor, so numbers of cases before and after count different things.
CASES_GROUPED_SINCE: Final = date(2026, 7, 1)
# 63 provinces became 34 and districts became regional offices: the first day of the new map.
NEW_MAP_SINCE: Final = date(2025, 7, 1)
# Openings are stored from this fiscal year on (table book_year).
FIRST_YEAR: Final = 2010
MEASURES: Final = ("cases", "money")
Share = tuple[int, int]
"""Numerator and denominator of a rate, unrounded."""


def quarter_start(day: date) -> date:
    """The first day of the quarter (quý) a day is in; a fiscal year has four whole ones."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A period (kỳ báo cáo) up to and including `last`: cumulative (lũy kế) from 1 October, or a single month."""

    fiscal_year: int
    last: date
    single: bool = False

    @classmethod
    def of_months(cls, year: int, months: int, *, single: bool = False) -> "Period":
        """The first 1…12 months of a fiscal year, or the last of them; four months of 2025 end on 2025-01-31."""
        month = (months + 8) % 12 + 1
        calendar_year = year - (month >= 10)
        return cls(year, date(calendar_year, month, monthrange(calendar_year, month)[1]), single)

    @classmethod
    def until(cls, day: date) -> "Period":
        """The period of the fiscal year of a day, up to that day."""
        return cls(fiscal_year(day), day)

    @property
    def first(self) -> date:
        """1 October, or the first of the month."""
        return self.last.replace(day=1) if self.single else fiscal_year_start(self.fiscal_year)

    @property
    def months(self) -> int:
        """Months begun, 1…12."""
        return (self.last.month - 10) % 12 + 1

    def previous(self) -> "Period":
        """The same period of the previous year (cùng kỳ năm trước): months stay whole, 28 February meets 29."""
        year = self.last.year - 1
        days = monthrange(year, self.last.month)[1]
        whole = self.last.day == monthrange(self.last.year, self.last.month)[1]
        last = date(year, self.last.month, days if whole else self.last.day)
        return Period(self.fiscal_year - 1, last, self.single)


@dataclass(frozen=True, slots=True)
class Span:
    """How a period is read from the rollups: quarters, months, and days that are added to them or taken away.

    From `first` on there are whole quarters, from `first_month` on months up to `last_month`.
    """

    first: date
    first_month: date
    last_month: date
    first_day: date
    last_day: date
    sign: int


def span(period: Period, today: date) -> Span:
    """The cheaper reading of the boundary month: its first days added, or the whole of it less the days after.

    After today there are hardly any days in the books, so up to today the whole month less those is cheapest.
    """
    month = period.last.replace(day=1)
    month_end = month.replace(day=monthrange(month.year, month.month)[1])
    if period.last.day <= 15 and period.last < today:
        before = (month - timedelta(days=1)).replace(day=1)
        return Span(period.first, _past_quarters(period, before), before, month, period.last, 1)
    return Span(period.first, _past_quarters(period, month), month, period.last + timedelta(days=1), month_end, -1)


def _past_quarters(period: Period, last_month: date) -> date:
    """The first month of a period that is not in one of its whole quarters; a single month has none."""
    return period.first if period.single else quarter_start(month_after(last_month))


@dataclass(frozen=True, slots=True)
class Formula:
    """A line as accounts: flows of the period, plus what stood in accounts when the fiscal year began."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    opening_minus: tuple[str, ...] = ()


_FLOWS: Final = {
    "carried_over": Formula((), ("register_carried",), ACCOUNTS_STOCK),
    "newly_accepted": Formula(("accepted", "raised", "register_back"), ("register_new",)),
    "handed_over_net": Formula(("handed_in",), ("handed_out",)),
}
OF_REGIME: Final = {
    "B1": "entrusted",
    "B2": "withdrawn",
    "B3": "pulled_up",
    "D1": "done",
    "D2": "enforcing",
    "D3": "deferred_by_agreement",
    "D4": "other",
    "C2": "without_conditions",
    "C3": "deferred_or_suspended",
}
"""Lines that the regime feeds, by the letters it names them by."""
ACCOUNTS_LEFT: Final = ("entrusted", "withdrawn", "pulled_up")
FED: Final = (*ACCOUNTS_DONE, *ACCOUNTS_LEFT, *ACCOUNTS_STOCK)
"""Accounts each of which a regime has feed one line: ends a line of what is deducted or done, stock one of C1 to C3."""
_REGISTER_IN: Final = ("register_carried", "register_new", "register_moved")
_SHOWN_APART: Final = {
    "accepted": Formula(("accepted",)),
    "raised": Formula(("raised",)),
    "back_from_register": Formula(("register_back",)),
    "to_register_carried": Formula(("register_carried",)),
    "to_register_new": Formula(("register_new",)),
    "handed_in": Formula(("handed_in",)),
    "handed_out": Formula(("handed_out",)),
    **{account: Formula((account,)) for account in ACCOUNTS_DONE},
    "stock": Formula(ACCOUNTS_STOCK, (), ACCOUNTS_STOCK),
    "separate_register": Formula(_REGISTER_IN, ("register_back",), _REGISTER_IN, ("register_back",)),
    "ended": Formula((*ACCOUNTS_DONE, *ACCOUNTS_LEFT)),
}
UNSHOWN: Final = ("stock", "ended")
"""Parts that only the identities are checked with: they do not depend on the regime."""
LINES: Final = (*_FLOWS, *OF_REGIME.values())
"""The lines everything else follows from."""
PARTS: Final = (*LINES, *_SHOWN_APART)
"""The lines of a statement: LINES, and what it shows apart."""
RESULT: Final = ("done", "with_conditions")
"""What the result rate is made of: D1 and C1."""


def formulas(regime_lines: Mapping[str, Sequence[str]]) -> dict[str, Formula]:
    """The formula of every one of PARTS and RESULT, from the accounts a regime feeds the lines of one measure with."""
    fed = {name: _fed_by(regime_lines[letter]) for letter, name in OF_REGIME.items()}
    with_conditions = _fed_by([account for letter in ("D1", "D2", "D3", "D4") for account in regime_lines[letter]])
    return {**_FLOWS, **fed, **_SHOWN_APART, "with_conditions": with_conditions}


def _fed_by(accounts: Sequence[str]) -> Formula:
    return Formula(tuple(accounts), (), tuple(account for account in accounts if account in ACCOUNTS_STOCK))


@dataclass(slots=True)
class Lines:
    """The lines of one measure of a period: numbers of cases, or VND. Letters are those of the statistical forms."""

    carried_over: int  # A1, less what went on to the separate register
    newly_accepted: int  # A2
    handed_over_net: int  # received less handed over: part of A of one unit, nothing for the nation
    entrusted: int  # B1
    withdrawn: int  # B2
    pulled_up: int  # B3
    done: int  # D1
    enforcing: int  # D2
    deferred_by_agreement: int  # D3
    other: int  # D4
    without_conditions: int  # C2
    deferred_or_suspended: int  # C3

    @property
    def accepted_total(self) -> int:
        """A: carried over, newly accepted, and what other units handed over, net."""
        return self.carried_over + self.newly_accepted + self.handed_over_net

    @property
    def must_enforce(self) -> int:
        """B = A − B1 − B2 − B3."""
        return self.accepted_total - self.entrusted - self.withdrawn - self.pulled_up

    @property
    def with_conditions(self) -> int:
        """C1 = D1 + D2 + D3 + D4."""
        return self.done + self.enforcing + self.deferred_by_agreement + self.other

    @property
    def carried_forward(self) -> int:
        """E = B − D1."""
        return self.must_enforce - self.done


def lines_of(values: Iterable[int]) -> Lines:
    """Lines from the sums of LINES, in their order."""
    return Lines(*values)


def identities(parts: Mapping[str, int]) -> dict[str, bool]:
    """Whether what must hold holds, of the sums of PARTS.

    A and B are reckoned from what stood there first, came in and went out; the other sides from what ended and what
    stands there last. So a booking error, or a regime that forgets an account, shows here.
    """
    lines = lines_of(parts[name] for name in LINES)
    classes = lines.with_conditions + lines.without_conditions + lines.deferred_or_suspended
    return {
        "accepted_total": lines.accepted_total == parts["ended"] + parts["stock"],
        "must_enforce": lines.must_enforce == classes,
        "carried_forward": lines.carried_forward == parts["stock"],
    }


def comparable(measure: str, period: Period, before: Period, same_lines: bool) -> bool:
    """Whether two periods count the same things; `same_lines`: their regimes feed the lines from the same accounts."""
    grouped = before.first < CASES_GROUPED_SINCE <= period.last
    return same_lines and not (grouped and measure == "cases")


def ratio(numerator: int, denominator: int) -> str | None:
    """A ratio with two places, halves away from zero; None without a denominator."""
    if denominator == 0:
        return None
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    hundredths = (abs(numerator) * 200 + denominator) // (2 * denominator)
    whole, rest = divmod(hundredths, 100)
    return f"{'-' if numerator < 0 and hundredths else ''}{whole}.{rest:02}"


def percent(numerator: int, denominator: int) -> str | None:
    """A share in percent with two places (tỷ lệ); None without a denominator."""
    return ratio(numerator * 100, denominator)


def points(share: Share, other: Share) -> str | None:
    """How far two shares are apart, in percentage points (điểm phần trăm), from the unrounded shares."""
    (n, d), (m, e) = share, other
    return percent(n * e - m * d, d * e) if d and e else None


def change(now: int, before: int) -> str | None:
    """The relative change in percent; None where the earlier value is no base to compare with."""
    return percent(now - before, before) if before > 0 else None


def rank_key(numerator: int, denominator: int) -> int:
    """Orders shares exactly: equal for equal shares, greater for greater ones (both numbers below 2^63)."""
    return (numerator << 128) // denominator
