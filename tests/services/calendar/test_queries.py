"""The calendar that comes with the service: true to the announcements, and the same in SQL."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.calendar.queries import read_calendar
from app.services.calendar.queries import working_day_after as in_sql
from app.services.calendar.rules import Calendar, working_day_after
from tests.builders import Service

DAYS = st.lists(st.dates(date(2023, 11, 1), date(2028, 2, 29)), min_size=1, max_size=60)
NUMBERS = st.integers(1, 30)


@pytest.fixture(scope="module")
def calendar(service: Service) -> Calendar:
    return service.runner.run(read_calendar(service.db))


@pytest.mark.parametrize(
    ("day", "number", "last"),
    [
        # Tết Bính Ngọ: Monday 16 to Friday 20 February 2026
        ("2026-02-12", 1, "2026-02-13"),
        ("2026-02-12", 2, "2026-02-23"),
        ("2026-02-12", 5, "2026-02-26"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-18", 5, "2026-02-27"),
        # 2 September 2026: off from Saturday 29 August to Wednesday; Saturday 22 August was worked instead of Monday 31
        ("2026-08-19", 3, "2026-08-22"),
        ("2026-08-19", 5, "2026-08-25"),
        ("2026-08-26", 2, "2026-08-28"),
        ("2026-08-26", 3, "2026-09-03"),
        ("2026-08-26", 5, "2026-09-07"),
        # Giỗ Tổ on a Sunday is made up for on Monday 27 April; 30 April and 1 May follow
        ("2026-04-23", 5, "2026-05-05"),
        # Tết Giáp Thìn: Thursday 8 to Wednesday 14 February 2024
        ("2024-02-07", 1, "2024-02-15"),
        # an ordinary week
        ("2025-10-15", 5, "2025-10-22"),
        ("2027-12-29", 2, "2027-12-31"),
        ("2027-12-29", 3, None),
        ("2023-12-29", 5, None),
    ],
)
def test_hand_made_examples(calendar: Calendar, day: str, number: int, last: str | None) -> None:
    found = working_day_after(calendar, date.fromisoformat(day), number)
    assert found == (date.fromisoformat(last) if last else None)


def test_sql_counts_like_the_rule(service: Service, calendar: Calendar) -> None:
    sql = f"SELECT d, {in_sql('d', '%(number)s::int')} FROM unnest(%(days)s::date[]) d"

    @given(days=DAYS, number=NUMBERS)
    @settings(max_examples=40, deadline=None)
    def compared(days: list[date], number: int) -> None:
        rows = service.runner.run(service.db.fetch(sql, {"days": days, "number": number}))
        expected = [working_day_after(calendar, day, number) for day in days]
        assert [last for _, last in rows] == [day and day.isoformat() for day in expected]

    compared()


def test_every_saturday_worked_has_its_day_off(service: Service) -> None:
    rows = service.runner.run(service.db.fetch("SELECT day, name, works, announced FROM holiday ORDER BY day"))
    days = {date.fromisoformat(day): (name, works, announced) for day, name, works, announced in rows}
    assert {day.year for day in days} == {2024, 2025, 2026, 2027}
    worked = [day for day, (_, works, _) in days.items() if works]
    swapped = [day for day, (name, _, _) in days.items() if name == "Nghỉ hoán đổi"]
    assert [day.isoweekday() for day in worked] == [6] * len(worked)
    assert len(worked) == len(swapped)
    assert all(abs(one - other) < timedelta(days=10) for one, other in zip(worked, swapped, strict=True))
    assert min(day for day, (_, _, announced) in days.items() if not announced) > date(2026, 11, 1)


def test_entries_are_removed_within_two_days_and_three_since_the_law_of_2025(service: Service) -> None:
    sql = "SELECT working_days FROM deadline WHERE code = %s AND validity @> %s"
    found = {
        (code, day): service.runner.run(service.db.fetch(sql, (code, date.fromisoformat(day))))
        for code in ("debtor_published", "debtor_updated", "debtor_removed")
        for day in ("2026-06-30", "2026-07-01")
    }
    assert {key: rows[0][0] for key, rows in found.items()} == {
        ("debtor_published", "2026-06-30"): 5,
        ("debtor_published", "2026-07-01"): 5,
        ("debtor_updated", "2026-06-30"): 3,
        ("debtor_updated", "2026-07-01"): 3,
        ("debtor_removed", "2026-06-30"): 2,
        ("debtor_removed", "2026-07-01"): 3,
    }
