"""What holds for units on every day: levels, paths, names without gaps, nothing that outlives its unit.

Intervals are `[since, until)`; FOREVER means no end.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from app.errors import Conflict, Fault, Invalid, invalid
from app.services.cases.rules import search_form
from app.services.reference import FOREVER, Unit

Names = tuple[tuple[date, date, str], ...]

LEVELS_BELOW: Final[dict[str, tuple[str, ...]]] = {
    "national": ("provincial",),
    "provincial": ("district", "regional"),
    "district": (),
    "regional": (),
}
# tỉnh, huyện (district), khu vực: the first letter of a path segment
SLUGS: Final = {"provincial": "t", "district": "d", "regional": "k"}


@lru_cache(maxsize=32_768)  # names of all units and officers, normalised once instead of on every search
def searchable(name: str) -> str:
    """A name as it is searched: lower case, no diacritics."""
    return search_form(name)


def ending(day: date) -> date | None:
    """The end of an interval as people and the database write it: None when there is none."""
    return None if day == FOREVER else day


def check_new(parent: Unit, level: str, since: date, until: date) -> None:
    """Raises Invalid with everything that keeps a unit of that level and validity from standing under `parent`."""
    faults: list[Fault] = []
    if level not in LEVELS_BELOW[parent.level]:
        message = {"en": "no such level below the parent", "vi": "cấp không hợp lệ dưới đơn vị cấp trên"}
        faults.append(Fault("wrong-level", message, "/level"))
    if until <= since:
        message = {"en": "must lie after since", "vi": "phải sau ngày bắt đầu"}
        faults.append(Fault("day-order", message, "/until"))
    if since < parent.since or since >= parent.until:
        message = {"en": "the parent does not exist on that day", "vi": "đơn vị cấp trên không tồn tại vào ngày này"}
        faults.append(Fault("outside-parent", message, "/since"))
    elif until > parent.until:
        message = {"en": "the parent ends before", "vi": "đơn vị cấp trên kết thúc trước đó"}
        faults.append(Fault("outside-parent", message, "/until"))
    if faults:
        raise Invalid(faults=faults)


def new_path(parent: Unit, level: str, taken: Iterable[str], province_code: str | None) -> str:
    """The path of a new unit: the parent's, then the letter of its level and a number no sibling ever had.

    A province keeps its code as number where it is free; a reused code gets the next number, for a path is never
    given twice.
    """
    slug = SLUGS[level]
    form = re.compile(re.escape(parent.path + slug) + r"([0-9]+)\.", re.ASCII)
    used = {int(match[1]) for match in map(form.fullmatch, taken) if match}
    wanted = int(province_code) if level == "provincial" and province_code else None
    number = wanted if wanted is not None and wanted not in used else max(used, default=0) + 1
    return f"{parent.path}{slug}{number:02}."


def renamed(unit: Unit, name: str, on: date) -> Names:
    """The names of the unit when it is called `name` from `on`; on the first day of its last name, a correction.

    Raises Invalid when the unit does not exist on that day, Conflict when it got a later name already.
    """
    if not unit.existed(on):
        raise invalid(
            "outside-validity", "the unit does not exist on that day", "đơn vị không tồn tại vào ngày này",
            pointer="/rename/since",
        )  # fmt: skip
    *earlier, (since, until, last) = unit.names
    if on < since:
        raise Conflict({"en": "The unit has a later name.", "vi": "Đơn vị đã có tên sau ngày này."})
    kept = () if on == since else ((since, on, last),)
    return (*earlier, *kept, (on, until, name))


def ended(unit: Unit, until: date) -> Names:
    """The names of the unit when it ends on `until`: cut there, or the last one drawn out to it."""
    if until <= unit.since:
        raise invalid("day-order", "must lie after the first day", "phải sau ngày bắt đầu", pointer="/until")
    kept: Sequence[tuple[date, date, str]] = [span for span in unit.names if span[0] < until]
    *earlier, (since, _, last) = kept
    return (*earlier, (since, until, last))


def check_successors(unit: Unit, successors: Sequence[Unit]) -> date:
    """The day the successors take over, the one the unit ends on.

    Raises Conflict while the unit has no end, Invalid for a successor that is the unit itself or not there that day.
    """
    if unit.until == FOREVER:
        raise Conflict(
            {
                "en": "The unit goes on; end it before naming its successors.",
                "vi": "Đơn vị còn hoạt động; hãy ghi ngày kết thúc trước.",
            }
        )
    message = {
        "en": "does not exist on the day it would take over",
        "vi": "không tồn tại vào ngày tiếp nhận",
    }
    faults = [
        Fault("outside-validity", message, f"/successor_ids/{number}")
        for number, successor in enumerate(successors)
        if not successor.existed(unit.until)
    ]
    if faults:
        raise Invalid(faults=faults)
    return unit.until
