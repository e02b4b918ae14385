"""How a committee begins to track a matter, follows its state and stops."""

from datetime import date, timedelta
from itertools import product

import pytest

from app.errors import Conflict, Invalid, InvalidTransition
from app.models.codes import MATTER_STATES
from app.services.matters.rules import NEXT, Stretch, Stretches, ended, moved, started
from app.services.reference import FOREVER

MAY, JUNE, JULY = date(2024, 5, 20), date(2024, 6, 20), date(2024, 7, 20)


def tracked(state: str = "not_accepted") -> Stretches:
    """A tracking that goes on."""
    return started((), MAY, state)


def test_tracking_starts_and_ends_on_a_day() -> None:
    assert ended(tracked(), JUNE) == (Stretch(MAY, JUNE, "not_accepted"),)


def test_a_new_state_continues_the_tracking() -> None:
    assert moved(tracked(), "enforcing", JUNE) == (
        Stretch(MAY, JUNE, "not_accepted"),
        Stretch(JUNE, FOREVER, "enforcing"),
    )
    assert moved(tracked(), "enforcing", MAY) == (Stretch(MAY, FOREVER, "enforcing"),)


@pytest.mark.parametrize(("before", "after"), list(product(MATTER_STATES, MATTER_STATES)))
def test_states_follow_each_other_as_enforcement_does(before: str, after: str) -> None:
    if after in NEXT[before]:
        assert moved(tracked(before), after, JUNE)[-1].state == after
    else:
        with pytest.raises(InvalidTransition) as refused:
            moved(tracked(before), after, JUNE)
        assert refused.value.extra == {"allowed_states": sorted(NEXT[before])}


def test_every_state_can_be_reached() -> None:
    assert set(NEXT) == set(MATTER_STATES)
    assert {"enforcing", "assets_exhausted", "done"} == {state for following in NEXT.values() for state in following}


def test_a_state_older_than_the_last_one_is_refused() -> None:
    with pytest.raises(Conflict):
        moved(tracked(), "enforcing", MAY - timedelta(days=1))


def test_tracking_ends_after_its_last_state_began() -> None:
    with pytest.raises(Invalid) as refused:
        ended(moved(tracked(), "enforcing", JUNE), JUNE)
    assert refused.value.faults[0].pointer == "/until"


def test_what_is_over_is_over() -> None:
    over = ended(tracked(), JUNE)
    with pytest.raises(Conflict):
        moved(over, "enforcing", JUNE)
    with pytest.raises(Conflict):
        ended(over, JULY)


def test_a_committee_tracks_a_matter_once_at_a_time() -> None:
    over = ended(tracked(), JUNE)
    for stretches, day in ((tracked(), JULY), (over, MAY), (over, JUNE - timedelta(days=1))):
        with pytest.raises(Conflict):
            started(stretches, day, "enforcing")
    assert started(over, JUNE, "enforcing")[-1] == Stretch(JUNE, FOREVER, "enforcing")
