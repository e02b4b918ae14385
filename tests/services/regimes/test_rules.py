"""Which counting rules are sound, and from when they may count."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.errors import Conflict, Invalid
from app.services.reference import FOREVER, Reference
from app.services.regimes.rules import NewVersion, Regime, check_lines, check_since

LINES = {
    "B1": ["entrusted"], "B2": ["withdrawn"], "B3": ["pulled_up"],
    "D1": ["completed", "terminated", "reduced", "returned"], "D2": ["enforcing"], "D3": ["deferred_by_agreement"],
    "D4": ["other"], "C2": ["no_conditions"], "C3": ["deferred", "suspended"],
}  # fmt: skip
STARTS, TODAY = date(2026, 7, 1), date(2026, 11, 24)
FIRST = Regime("tt05-2026", 1, "", "", True, {"cases": LINES, "money": LINES}, "", STARTS, FOREVER, STARTS)


def both(change: Callable[[dict[str, list[str]]], Any]) -> dict[str, dict[str, list[str]]]:
    lines = {"cases": deepcopy(LINES), "money": deepcopy(LINES)}
    change(lines["money"])
    return lines


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: None,
        lambda lines: lines.update(D1=["completed"], B2=["withdrawn", "terminated", "reduced", "returned"]),
        lambda lines: lines.update(D4=["other", "deferred", "suspended"], C3=[]),
        lambda lines: lines.update(B1=[], B2=["withdrawn", "entrusted"]),
    ],
)
def test_sound_rules(change: Callable[[dict[str, list[str]]], Any]) -> None:
    check_lines(both(change))


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (lambda lines: lines.update(C3=["deferred"]), ["/lines/money"]),
        (lambda lines: lines.update(C3=["deferred", "suspended", "other"]), ["/lines/money"]),
        (lambda lines: lines.update(D2=["enforcing", "enforcing"]), ["/lines/money"]),
        (lambda lines: lines.update(D1=["completed", "terminated", "reduced"]), ["/lines/money"]),
        (lambda lines: lines.update(B1=["entrusted", "handed_out"]), ["/lines/money", "/lines/money/entrusted"]),
        (
            lambda lines: lines.update(D1=[*LINES["D1"], "suspended"], C3=["deferred"]),
            ["/lines/money/done"],
        ),
        (
            lambda lines: lines.update(C2=["no_conditions", "withdrawn"], B2=[]),
            ["/lines/money/without_conditions"],
        ),
    ],
)
def test_unsound_rules(change: Callable[[dict[str, list[str]]], Any], faults: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        check_lines(both(change))
    assert [fault.pointer for fault in refused.value.faults] == faults


def new(since: date) -> NewVersion:
    return NewVersion("tt05-2026", since, False, {"cases": LINES, "money": LINES}, "")


def test_provisional_rules_may_be_replaced_from_their_beginning() -> None:
    for since in (STARTS, date(2026, 10, 1), date(2030, 1, 1)):
        check_since(FIRST, new(since), TODAY)
    with pytest.raises(Invalid):
        check_since(FIRST, new(date(2026, 6, 30)), TODAY)
    with pytest.raises(Invalid):
        check_since(replace(FIRST, until=date(2031, 1, 1)), new(date(2031, 1, 1)), TODAY)
    with pytest.raises(Conflict) as refused:
        check_since(replace(FIRST, version=2, counted_since=date(2027, 1, 1)), new(STARTS), TODAY)
    assert refused.value.extra == {"latest_since": "2027-01-01"}


def test_rules_that_were_right_are_followed_from_today_on() -> None:
    final = replace(FIRST, provisional=False)
    check_since(final, new(TODAY), TODAY)
    with pytest.raises(Invalid):
        check_since(final, new(date(2026, 11, 23)), TODAY)


def test_the_newest_version_of_its_day_counts() -> None:
    second = replace(FIRST, version=2, counted_since=date(2027, 1, 1))
    third = replace(FIRST, version=3, counted_since=date(2027, 1, 1))
    old = replace(FIRST, code="tt05-2024", since=date(2024, 7, 26), until=STARTS, counted_since=date(2024, 7, 26))
    ref = Reference([], [], [], [third, old, FIRST, second], [])
    assert ref.regime(date(2026, 12, 31)).key == ("tt05-2026", 1)
    assert ref.regime(date(2027, 1, 1)).key == ("tt05-2026", 3)
    assert ref.regime(date(2025, 1, 1)).key == ("tt05-2024", 1)
    # by request: the version of the day, or the nearest one
    assert ref.regime(date(2025, 1, 1), "tt05-2026").key == ("tt05-2026", 1)
    assert ref.regime(date(2028, 1, 1), "tt05-2024").key == ("tt05-2024", 1)
    assert ref.regimes_within(date(2025, 10, 1), date(2026, 6, 30)) == ["tt05-2024"]
    assert ref.regimes_within(date(2025, 10, 1), STARTS) == ["tt05-2024", "tt05-2026"]
    with pytest.raises(Invalid):
        ref.regime(date(2025, 1, 1), "tt01-1990")
