"""What makes the counting rules of a regime (chế độ báo cáo thống kê) sound. Pure functions.

The identities hold for any rules that feed every account to one line of the right side: stock to a line of C1, C2 or
C3, what ended to D1 (done) or to B1, B2, B3 (deducted). So a circular is free to say what enters the numerator of the
result rate, and whether there is a class C3 at all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.errors import Conflict, Fault, Invalid, invalid
from app.models.codes import ACCOUNTS_DONE, ACCOUNTS_STOCK
from app.services.statistics.rules import ACCOUNTS_LEFT, FED, MEASURES, OF_REGIME

Lines = Mapping[str, Sequence[str]]
"""Accounts by the letter of the line they feed."""

_OF_ENDS: Final = ("B1", "B2", "B3", "D1")


@dataclass(frozen=True, slots=True)
class Regime:
    """A version of a statistical regime (chế độ báo cáo thống kê): which accounts feed which line, by measure.

    `since` and `until` are when the circular is in force, `counted_since` the day from which this version counts.
    """

    code: str
    version: int
    name_vi: str
    name_en: str
    provisional: bool
    lines: dict[str, dict[str, list[str]]]
    legal_basis: str
    since: date
    until: date
    counted_since: date

    @property
    def key(self) -> tuple[str, int]:
        """What names it."""
        return self.code, self.version


@dataclass(frozen=True, slots=True)
class NewVersion:
    """Counting rules to be, by measure; `since` is the first day counted by them."""

    code: str
    since: date
    provisional: bool
    lines: Mapping[str, Lines]
    legal_basis: str


def check_lines(lines: Mapping[str, Lines]) -> None:
    """Raises Invalid unless every account of stock and of an end feeds one line, and the right kind of it."""
    faults = [fault for measure in MEASURES for fault in _faults(measure, lines[measure])]
    if faults:
        raise Invalid(faults=faults)


def _faults(measure: str, lines: Lines) -> list[Fault]:
    pointer = f"/lines/{measure}"
    times = Counter(account for accounts in lines.values() for account in accounts)
    faults = []
    if any(times[account] != 1 for account in FED) or set(times) - set(FED):
        message = {"en": "must name every account exactly once", "vi": "phải nêu mỗi tài khoản đúng một lần"}
        faults.append(Fault("accounts", message, pointer=pointer))
    for letter, name in OF_REGIME.items():
        allowed = {*ACCOUNTS_DONE, *ACCOUNTS_LEFT} if letter in _OF_ENDS else set(ACCOUNTS_STOCK)
        if not allowed.issuperset(lines[letter]):
            message = {"en": "takes other accounts", "vi": "không nhận tài khoản này"}
            faults.append(Fault("wrong-side", message, pointer=f"{pointer}/{name}"))
    return faults


def check_since(newest: Regime, new: NewVersion, today: date) -> None:
    """Raises Invalid or Conflict when the next version may not begin on that day.

    Rules that were only provisional may be replaced from any day of the regime; others from today on, because what
    was reported by them was right.
    """
    if not newest.since <= new.since < newest.until:
        raise invalid("outside-regime", "lies outside the regime", "nằm ngoài thời gian hiệu lực", pointer="/since")
    if not newest.provisional and new.since < today:
        raise invalid("in-past", "lies in the past", "ở quá khứ", pointer="/since")
    if new.since < newest.counted_since:
        raise Conflict(
            {"en": "A newer version begins later than that.", "vi": "Đã có phiên bản mới hơn bắt đầu sau ngày đó."},
            extra={"latest_since": newest.counted_since.isoformat()},
        )
