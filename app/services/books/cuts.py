"""What reports cut by (phân tổ): the numbers of the table `cut`, and how the stock follows a correction.

A line is counted for ever as what its case counted as on the day of the event. When that is corrected (kind, segment,
matter), what the case still has in the books is moved on the day of the correction, like a handover: out of the old
cut and into the new one. So no figure of an earlier month changes, and the identities hold in every cut.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from app.models.codes import ACCOUNTS_MEMO, ACCOUNTS_REGISTER, ACCOUNTS_STOCK, ALL_SEGMENTS, CASE_KINDS, INITIATIONS
from app.services.books.rules import Cut, Line, Position

RECLASSIFIED: Final = "reclassified"
CUTS: Final = tuple((k, i, segment) for k in CASE_KINDS for i in INITIATIONS for segment in range(ALL_SEGMENTS))
"""Kind, initiation and segment of every cut, by its number. Codes are only ever added at the end of their list."""
_NUMBERS: Final = {cut: number for number, cut in enumerate(CUTS)}

# Where a case or its money may stand; all accounts of the separate register are one place.
_PLACES: Final = {
    **{account: account for account in ACCOUNTS_STOCK},
    **dict.fromkeys((*ACCOUNTS_REGISTER, "register_back", *ACCOUNTS_MEMO), "register"),
}


def cut_of(kind: str, initiation: str, segment: int, matter_id: str | None) -> Cut:
    """What a case counts as."""
    return Cut(_NUMBERS[kind, initiation, segment], matter_id)


def reclassifying(booked: Iterable[Line], position: Position, cut: Cut) -> list[Line]:
    """Lines that bring what a case has in the books under other cuts to the one it has now.

    `booked` are all its lines so far, `position` is where they leave it. The last line is the one into the new cut.
    """
    missing: dict[tuple[str, str, Cut | None, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in booked:
        for account, sign in ((line.from_account, 1), (line.to_account, -1)):
            place = _PLACES.get(account)
            if place is not None:
                _add(missing[line.unit_id, line.officer_id, line.cut, place], sign, line)
    if position.account in _PLACES or position.account == "register":
        here = missing[position.unit_id, position.officer_id, cut, position.account]
        here[0] += 1
        here[1] += position.outstanding
    moves = [move for key, number in missing.items() for move in _moves(*key, *number)]
    return sorted(moves, key=lambda line: line.from_account in ("handed_in", "elsewhere"))


def _add(number: list[int], sign: int, line: Line) -> None:
    number[0] += sign * line.cases
    number[1] += sign * line.amount


def _moves(unit: str, officer: str, cut: Cut | None, place: str, cases: int, amount: int) -> Iterator[Line]:
    """The line that takes out what is too much, and the one that brings in what is missing."""
    out, into = (place, "handed_out"), ("handed_in", place)
    if place == "register":
        out, into = ("register_moved", "elsewhere"), ("elsewhere", "register_moved")
    if cases < 0 or amount < 0:
        yield Line(unit, officer, *out, max(-cases, 0), max(-amount, 0), cut)
    if cases > 0 or amount > 0:
        yield Line(unit, officer, *into, max(cases, 0), max(amount, 0), cut)
