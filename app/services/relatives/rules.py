"""What holds for relatives of officers: who they are, and how a case is refused that is one of theirs."""

from dataclasses import dataclass
from datetime import date

from app.errors import ConflictOfInterest, invalid


@dataclass(frozen=True, slots=True)
class NewRelative:
    """A person whose cases an officer may not handle, `[since, until)`; None: no end is known."""

    relation: str
    name: str
    id_number: str
    since: date
    until: date | None = None


def check_days(since: date, until: date | None) -> None:
    """Raises Invalid when an entry would end before it begins; the same day means that it never held."""
    if until is not None and until < since:
        raise invalid("day-order", "lies before since", "trước ngày bắt đầu", pointer="/until")


def conflict(relation: str, *, shown: bool) -> ConflictOfInterest:
    """The 409 of an assignment to a relative's officer; the relation is named to those who may see personal data."""
    detail = {
        "en": "A party of the case is registered as the officer's relative, or is the officer: name another one.",
        "vi": "Vụ việc có đương sự là người thân hoặc là chính chấp hành viên; hãy phân công người khác.",
    }
    return ConflictOfInterest(detail, extra={"relation": relation} if shown else None)
