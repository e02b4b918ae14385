"""The checks by themselves: each finds its fault, and says nothing without it."""

from collections.abc import Sequence
from typing import get_args

import pytest

from app.api.v1.schemas.findings import FindingCode, Severity
from app.services.published import queries
from app.services.published import rules as published_rules
from app.services.quality import rules, texts
from app.services.quality.rules import Finding, Years
from app.services.statistics.rules import PARTS, Share

# one unit at the end of a year: A = 300 + 200, B = 490, C1 = 150 + 180 + 20 + 10, C2 = 100, C3 = 30
SOUND = dict.fromkeys(PARTS, 0) | {
    "carried_over": 300, "newly_accepted": 200, "accepted": 200, "entrusted": 8, "withdrawn": 2, "done": 150,
    "completed": 140, "terminated": 10, "enforcing": 180, "deferred_by_agreement": 20, "other": 10,
    "without_conditions": 100, "deferred_or_suspended": 30, "stock": 340, "ended": 160,
}  # fmt: skip


def codes(found: Sequence[Finding]) -> set[tuple[str, str | None]]:
    return {(finding.code, finding.line) for finding in found}


def test_the_contract_knows_every_check() -> None:
    assert get_args(FindingCode) == rules.CODES
    assert get_args(Severity) == rules.SEVERITIES
    assert set(texts._SENTENCES) == set(rules.CODES)


@pytest.mark.parametrize("measure", ["cases", "money"])
def test_sound_figures_are_possible(measure: str) -> None:
    assert rules.impossible(measure, SOUND) == []


def test_below_zero_and_more_done_than_with_conditions() -> None:
    """D2 below zero makes D1 greater than C1; the identities still hold."""
    found = rules.impossible("cases", SOUND | {"enforcing": -40, "without_conditions": 320})
    assert codes(found) == {("impossible_line", "enforcing"), ("done_exceeds_conditions", "done")}
    exceeding = next(finding for finding in found if finding.code == "done_exceeds_conditions")
    assert (exceeding.found, exceeding.expected, exceeding.difference) == ("150", "140", "10")
    assert {finding.severity for finding in found} == {"error"}


def test_identities_that_do_not_hold() -> None:
    found = rules.impossible("money", SOUND | {"newly_accepted": 207})
    assert codes(found) == {("broken_identity", name) for name in ("accepted_total", "must_enforce", "carried_forward")}
    assert {(f.difference, f.values_in) for f in found} == {("7", "vnd")}


def test_the_opening_stock_differs_by_name() -> None:
    assert rules.opening("cases", 350, 350, 0, 0) is None
    moved = rules.opening("cases", 350, 350, 31, 4)
    assert moved is not None
    assert (moved.severity, moved.expected, moved.found, moved.difference) == ("info", "350", "323", "-27")
    assert moved.parts == {"register_moves": -31, "handovers": 4, "adjustments": 0}
    adjusted = rules.opening("cases", 350, 357, 31, 0)
    assert adjusted is not None
    assert (adjusted.severity, adjusted.difference) == ("error", "-24")
    assert adjusted.parts == {"register_moves": -31, "handovers": 0, "adjustments": 7}
    cancelling = rules.opening("cases", 350, 357, 7, 0)  # the sum is right, and still two things happened
    assert cancelling is not None
    assert (cancelling.difference, cancelling.severity) == ("0", "error")


PAST, SIBLINGS = (720, 1000), [(700, 1000), (690, 1000), (750, 1000), (68, 100)]


@pytest.mark.parametrize(
    ("share", "past", "siblings", "found"),
    [
        ((710, 1000), PAST, SIBLINGS, False),
        ((310, 1000), PAST, SIBLINGS, True),
        ((930, 1000), PAST, SIBLINGS, True),
        ((500, 1000), (700, 1000), [(700, 1000)] * 3, False),  # exactly 20 points
        ((499, 1000), (700, 1000), [(700, 1000)] * 3, True),
        ((310, 1000), (300, 1000), SIBLINGS, False),  # as it always was
        ((310, 1000), PAST, [(300, 1000)] * 4, False),  # as everywhere around it
        ((450, 1000), PAST, [], False),  # 27 points from the only thing known
        ((410, 1000), PAST, [], True),
        ((410, 1000), None, SIBLINGS, False),
        ((380, 1000), None, SIBLINGS, True),
        ((380, 1000), None, SIBLINGS[:2], False),  # too few siblings
        ((10, 49), PAST, SIBLINGS, False),  # too few cases
        ((0, 1000), (10, 20), [(1, 2)] * 9, False),  # nothing that says enough to compare with
    ],
)
def test_the_share_with_conditions(share: Share, past: Share | None, siblings: list[Share], found: bool) -> None:
    assert (rules.share_with_conditions(share, past, siblings) is not None) is found


def test_what_share_is_expected() -> None:
    found = rules.share_with_conditions((312, 1000), PAST, SIBLINGS)
    assert found is not None
    assert (found.found, found.expected, found.difference) == ("31.20", "72.00", "-40.80")
    alone = rules.share_with_conditions((312, 1000), None, SIBLINGS)
    assert alone is not None
    assert alone.expected == "69.00"  # of four the lower middle one: a share that a unit has


STEADY = [41, 44, 39, 52, 60, 47, 45, 50, 48, 55, 62, 80]
EARLIER = [40, 42, 41, 49, 61, 45, 47, 48, 46, 57, 60, 77]


def changed(month: int, number: int) -> list[int]:
    found = [value + 2 for value in STEADY]
    found[month - 1] = number
    return found


def test_a_year_like_the_last_one_does_not_jump() -> None:
    assert rules.jumps("done", Years([value + 2 for value in STEADY], STEADY, EARLIER)) == []
    # nor one in which everything grows alike
    assert rules.jumps("done", Years([value + 30 for value in STEADY], STEADY, EARLIER)) == []


def test_a_month_that_jumps() -> None:
    (found,) = rules.jumps("done", Years(changed(4, 140), STEADY, EARLIER))
    assert (found.month, found.expected, found.found, found.difference) == (4, "52", "140", "88")
    (found,) = rules.jumps("accepted", Years(changed(12, 0), STEADY, EARLIER))
    assert (found.month, found.line, found.difference) == (12, "accepted", "-80")
    # 24 more than usual: many deviations, but less than half of the month the year before
    assert rules.jumps("done", Years(changed(4, 78), STEADY, EARLIER)) == []


def test_small_and_new_units_do_not_jump() -> None:
    small = [1, 0, 2, 1, 0, 1, 3, 1, 0, 2, 1, 1]
    assert rules.jumps("done", Years([1, 0, 20, 1], small, small)) == []
    assert [found.month for found in rules.jumps("done", Years([1, 0, 40, 1], small, small))] == [3]
    assert rules.jumps("done", Years(changed(4, 140), STEADY, [0] * 12)) == []
    assert rules.jumps("done", Years(changed(4, 140), [], [])) == []
    assert rules.jumps("done", Years([], STEADY, EARLIER)) == []


def test_an_unsteady_unit_may_jump_farther() -> None:
    wild = [10, 90, 30, 120, 5, 70, 200, 15, 60, 150, 20, 99]
    assert rules.jumps("done", Years([80, 15, 110, 140], wild, wild[::-1])) == []


def test_silent_months() -> None:
    found = rules.silent_months([10, 10, 0, 4], [True, False, False, False])
    assert [(finding.code, finding.month) for finding in found] == [("silent_month", 2), ("silent_month", 4)]


def published(year: int, months: int, measure: str, status: str = "published") -> list[Finding]:
    """Findings in the publication of the nation."""
    (row,) = [
        r
        for r in queries.published_rows()
        if (r.unit, r.fiscal_year, r.months, r.measure, r.status) == ("NATION", year, months, measure, status)
    ]
    compared = published_rules.year_over_year(row, queries.series(row))
    differences = published_rules.differences(row, compared, two_classes=year < 2020)
    return rules.published(row, differences, published_rules.remainders(row, two_classes=year < 2020))


def test_fiscal_year_2022_349_412_and_547_121_less_861_529_is_35_004() -> None:
    (found,) = published(2022, 12, "cases")
    assert (found.code, found.severity, found.found, found.months) == ("published_remainder", "info", "35004", 12)
    assert int(found.found) == 349_412 + 547_121 - 861_529
    assert "A1 + A2 − B = 35.004" in texts.sentence(found, "vi")
    assert "A1 + A2 − B = 35,004" in texts.sentence(found, "en")


def test_fiscal_year_2020_published_40_09_and_its_parts_give_40_44() -> None:
    (found,) = published(2020, 12, "money")
    assert (found.code, found.line) == ("published_contradiction", "rate_pct")
    assert (found.found, found.expected, found.difference) == ("40.09", "40.44", "-0.35")
    assert texts.sentence(found, "vi") == (
        "Về tiền, công bố 12 tháng: tỷ lệ thi hành xong công bố 40,09, tính lại được 40,44 (chênh −0,35)."
    )


def test_what_the_source_calls_approximate_contradicts_nothing() -> None:
    """38.35 % of 2018 is 38.33 % by figures that were printed as "about"."""
    assert published(2018, 12, "money") == []


@pytest.mark.parametrize("spoken", ["vi", "en"])
def test_every_finding_has_its_sentence(spoken: str) -> None:
    found = [
        *rules.impossible("cases", SOUND | {"enforcing": -4_000, "newly_accepted": 1}),
        *rules.silent_months([1], [False]),
        *rules.jumps("done", Years(changed(4, 1_400), STEADY, EARLIER)),
        *published(2022, 12, "cases"),
        *published(2020, 12, "money"),
        rules.opening("money", 35_000_000, 35_000_001, 1_000, 0),
        rules.share_with_conditions((312, 1000), PAST, SIBLINGS),
    ]
    assert {finding.code for finding in found if finding} == set(rules.CODES)
    for finding in found:
        assert finding is not None
        text = texts.sentence(finding, spoken)
        assert text.endswith(".")
        assert "None" not in text
        assert "{" not in text
