"""How a register is counted, by figures that were published."""

from datetime import date

import pytest

from app.services.administrative.rules import Tracked, Tracking, together
from app.services.statistics.rules import Period


@pytest.mark.parametrize(
    ("carried", "new", "enforced", "tracked", "left"),
    [(39, 15, 5, 54, 49), (12, 43, 36, 55, 19)],
    ids=["Hồ Chí Minh City, six months of 2019", "a province, 2017"],
)
def test_published_figures_add_up(carried: int, new: int, enforced: int, tracked: int, left: int) -> None:
    found = Tracked(carried, new, enforced, 0)
    assert (found.share, found.still_tracked) == ((enforced, tracked), left)


def test_periods_follow_from_what_came_between_days() -> None:
    year, half = Period.of_months(2025, 12), Period.of_months(2025, 6)
    bounds = [half.first, date(2025, 4, 1), date(2025, 10, 1)]
    one = Tracking.of(bounds, {0: (5, 1, 2), 1: (3, 2, 2), 2: (1, 1, 2)})
    assert one.counted(half) == Tracked(3, 3, 2, 0)
    assert one.counted(year) == Tracked(3, 4, 3, 1)
    assert together([one, one], bounds).counted(year) == Tracked(6, 8, 6, 2)
    assert together([], bounds).is_empty
    assert not one.is_empty
