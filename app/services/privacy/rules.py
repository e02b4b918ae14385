"""What holds for keeping personal data: which cases are due, and what is left of a party afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.errors import invalid
from app.services.priority.rules import latest_day

PLACEHOLDER: Final = "Đã khử nhận dạng"
"""What stands for the name of a person whose data were de-identified (khử nhận dạng, Law 91/2025/QH15)."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """How long personal data of one kind are kept (thời hạn lưu trữ): years after the end.

    `states` are those of the cases it is for; `provisional`: no text of law with this number is known.
    """

    code: str
    states: tuple[str, ...]
    years: int
    legal_basis: str
    provisional: bool

    def ended_by(self, on: date) -> date:
        """What ended on this day, or earlier, is due on the day `on`."""
        return latest_day(on, self.years)


@dataclass(frozen=True, slots=True)
class NewHold:
    """A legal hold (yêu cầu giữ dữ liệu): why a case keeps its personal data, `[since, until)`."""

    reason: str
    since: date
    until: date | None = None


def due_states(classes: Iterable[RetentionClass], on: date) -> dict[str, date]:
    """State of a case → the day on or before which it must have ended to be due."""
    return {state: found.ended_by(on) for found in classes for state in found.states}


def check_hold(since: date, until: date | None) -> None:
    """Raises Invalid when a hold would end before its second day."""
    if until is not None and until <= since:
        raise invalid("day-order", "must lie after since", "phải sau ngày bắt đầu", pointer="/until")
