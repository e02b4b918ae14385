"""What holds while a steering committee (Ban Chỉ đạo) tracks a matter (vụ).

A tracking is a row of stretches, `[since, until)`, each in one state; a stretch that begins where the one before
ends continues it. FOREVER means no end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from app.errors import Conflict, InvalidTransition, invalid
from app.services.reference import FOREVER

# From which state a matter may pass to which. Assets found later, or a new judgment, bring it back to enforcing.
NEXT: Final[dict[str, frozenset[str]]] = {
    "not_accepted": frozenset({"enforcing"}),
    "enforcing": frozenset({"assets_exhausted", "done"}),
    "assets_exhausted": frozenset({"enforcing", "done"}),
    "done": frozenset({"enforcing"}),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which a committee tracked the matter in one state."""

    since: date
    until: date
    state: str


Stretches = tuple[Stretch, ...]


def started(stretches: Sequence[Stretch], since: date, state: str) -> Stretches:
    """The tracking of one level when it starts, or starts again, on a day; Conflict while or before it is on."""
    if any(stretch.until > since for stretch in stretches):
        raise Conflict(
            {
                "en": "The committee tracks the matter on that day or later.",
                "vi": "Ban Chỉ đạo đã theo dõi vụ này từ hoặc sau ngày này.",
            }
        )
    return (*stretches, Stretch(since, FOREVER, state))


def moved(stretches: Sequence[Stretch], state: str, on: date) -> Stretches:
    """The tracking when the matter passes to another state on a day.

    Raises InvalidTransition when the state cannot follow, Conflict when tracking is over or the state is older.
    """
    *earlier, last = _running(stretches)
    if on < last.since:
        raise Conflict({"en": "A later state is on record.", "vi": "Đã ghi trạng thái sau ngày này."})
    if state not in NEXT[last.state]:
        raise InvalidTransition(
            {
                "en": "The matter cannot pass from its state to this one.",
                "vi": "Vụ không thể chuyển từ trạng thái hiện tại sang trạng thái này.",
            },
            extra={"allowed_states": sorted(NEXT[last.state])},
        )
    kept = () if on == last.since else (replace(last, until=on),)
    return (*earlier, *kept, Stretch(on, FOREVER, state))


def ended(stretches: Sequence[Stretch], until: date) -> Stretches:
    """The tracking when it ends on a day; Invalid before its last state began, Conflict when it is over."""
    *earlier, last = _running(stretches)
    if until <= last.since:
        raise invalid("day-order", "must lie after the last state began", "phải sau ngày của trạng thái cuối",
                      pointer="/until")  # fmt: skip
    return (*earlier, replace(last, until=until))


def _running(stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    if stretches[-1].until != FOREVER:
        raise Conflict({"en": "The committee no longer tracks the matter.", "vi": "Vụ không còn được theo dõi."})
    return stretches
