"""Postings: one at a time, inside the life of the unit."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Conflict, Invalid
from app.services.officers.rules import left, posted
from app.services.reference import FOREVER, Posting, Unit

OLD, MERGED = date(2010, 1, 1), date(2025, 7, 1)


def unit(unit_id: str, since: date = OLD, until: date = FOREVER) -> Unit:
    """A unit."""
    return Unit(unit_id, unit_id, None, "regional", "p", "vn.t01.k01.", since, until, 1, (), (), ())


def test_a_new_posting_ends_the_one_before() -> None:
    first = posted((), unit("a"), "primary", OLD)
    assert first == (Posting("a", "primary", OLD, FOREVER),)
    assert posted(first, unit("b"), "intermediate", MERGED) == (
        Posting("a", "primary", OLD, MERGED),
        Posting("b", "intermediate", MERGED, FOREVER),
    )


def test_a_new_rank_in_the_same_unit_is_a_new_posting() -> None:
    first = posted((), unit("a"), "primary", OLD)
    assert [p.rank for p in posted(first, unit("a"), "senior", MERGED)] == ["primary", "senior"]


def test_the_first_day_of_the_last_posting_corrects_it() -> None:
    first = posted((), unit("a"), "primary", OLD)
    assert posted(first, unit("b"), "clerk", OLD) == (Posting("b", "clerk", OLD, FOREVER),)


def test_the_past_is_not_rewritten() -> None:
    twice = posted(posted((), unit("a"), "primary", OLD), unit("b"), "primary", MERGED)
    with pytest.raises(Conflict):
        posted(twice, unit("c"), "primary", MERGED - timedelta(days=1))


def test_a_posting_lies_in_the_life_of_the_unit() -> None:
    assert posted((), unit("a", until=MERGED), "primary", OLD)[0].until == MERGED
    for day in (OLD - timedelta(days=1), MERGED):
        with pytest.raises(Invalid) as refused:
            posted((), unit("a", until=MERGED), "primary", day)
        assert refused.value.faults[0].pointer == "/posting/since"


def test_leaving_ends_the_last_posting_and_can_be_taken_back() -> None:
    first = posted((), unit("a"), "primary", OLD)
    gone = left(first, unit("a"), MERGED)
    assert gone[-1].until == MERGED
    assert left(gone, unit("a"), FOREVER) == first
    assert left(gone, unit("a", until=date(2026, 1, 1)), FOREVER)[-1].until == date(2026, 1, 1)
    for day, place in ((OLD, unit("a")), (MERGED + timedelta(days=1), unit("a", until=MERGED))):
        with pytest.raises(Invalid) as refused:
            left(first, place, day)
        assert refused.value.faults[0].pointer == "/until"


def test_after_leaving_an_officer_may_come_back_later() -> None:
    gone = left(posted((), unit("a"), "primary", OLD), unit("a"), date(2020, 1, 1))
    back = posted(gone, unit("b"), "primary", MERGED)
    assert [(p.since, p.until) for p in back] == [(OLD, date(2020, 1, 1)), (MERGED, FOREVER)]


@given(st.lists(st.dates(OLD, date(2030, 1, 1)), min_size=1, max_size=8))
def test_postings_never_overlap(days: list[date]) -> None:
    postings: tuple[Posting, ...] = ()
    for number, day in enumerate(days):
        try:
            postings = posted(postings, unit(str(number)), "primary", day)
        except Conflict:
            assert day < postings[-1].since
    for before, after in pairwise(postings):
        assert before.since < before.until <= after.since
