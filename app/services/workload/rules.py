"""Classes of workload: what a scheme says. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class NewScheme:
    """Classes that a unit sets for those directly under it; `since` the first day they hold.

    `classes` rise: `from` cases on, `rate_bp` follows, up to where the next one begins.
    """

    unit_id: str
    indicator: str
    since: date
    classes: Sequence[Mapping[str, int]]
    decision_no: str
    decision_date: date
    signer: str


def class_of(classes: Sequence[Mapping[str, int]], workload: int) -> int | None:
    """The number of the class that a workload falls in, of rising classes; None below the lowest.

    500 cases are in the class that begins at 500, and 5,000 in the next one that begins there.
    """
    reached = [number for number, one in enumerate(classes) if one["from"] <= workload]
    return reached[-1] if reached else None
