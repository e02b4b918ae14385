"""When personal data have been kept long enough."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.services.priority.rules import anniversary
from app.services.privacy.rules import RetentionClass, due_states

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@given(DAYS, st.integers(1, 100))
def test_what_is_due_has_had_its_anniversary_and_nothing_younger_has(on: date, years: int) -> None:
    ended = RetentionClass("case_ended", ("completed",), years, "Luật Lưu trữ", True).ended_by(on)
    assert anniversary(ended, years) <= on < anniversary(ended + timedelta(1), years)


def test_each_state_is_due_by_its_own_class() -> None:
    classes = [
        RetentionClass("case_ended", ("completed", "terminated"), 20, "Luật Lưu trữ", True),
        RetentionClass("case_moved", ("entrusted",), 10, "Luật Lưu trữ", True),
        RetentionClass("relation_ended", (), 5, "Luật Lưu trữ", True),
    ]
    twenty, ten = date(2006, 7, 1), date(2016, 7, 1)
    assert due_states(classes, date(2026, 7, 1)) == {"completed": twenty, "terminated": twenty, "entrusted": ten}
