"""The public list read off the cases and their entries in plain Python: what the stored one is compared with."""

from collections.abc import Iterable
from datetime import date, datetime
from hashlib import md5
from typing import Any
from uuid import UUID

from app.clock import VIETNAM
from app.services.calendar.queries import read_calendar
from app.services.calendar.rules import Calendar, working_day_after
from tests.builders import Service

LAW_SINCE = date(2015, 7, 1)
_CASES = """
    SELECT id, unit_id, account, confidentiality > 0 OR anonymised_on IS NOT NULL, outstanding_vnd,
        judgment_no, judgment_date, court
    FROM enforcement_case WHERE id = ANY(%s::uuid[])"""
_ENTRIES = """
    SELECT case_id, event_no, event, reverses, effective_on, recorded_at, document_no, ground
    FROM entry WHERE case_id = ANY(%s::uuid[]) ORDER BY event_no"""
_PARTIES = (
    "SELECT case_id, no, name, search_name, address FROM party WHERE role = 'debtor' AND case_id = ANY(%s::uuid[])"
)
_DUTIES = "SELECT case_id, description FROM obligation WHERE case_id = ANY(%s::uuid[]) ORDER BY no"
_STORED = """
    SELECT id, case_id, unit_id, name, search_name, address, judgment_no, judgment_date, court, decision_no,
        decision_date, obligation, outstanding_vnd, reason, published_on, due_on
    FROM public_debtor WHERE case_id = ANY(%s::uuid[])"""
Rows = set[tuple[Any, ...]]


def stored(service: Service, case_ids: Iterable[str]) -> Rows:
    """The list as it is, of these cases."""
    return set(service.runner.run(service.db.fetch(_STORED, (list(case_ids),))))


def expected(service: Service, case_ids: Iterable[str]) -> Rows:
    """The list as it must be, of these cases."""
    wanted = list(case_ids)
    calendar = service.runner.run(read_calendar(service.db))
    cases, entries, parties, duties = (
        service.runner.run(service.db.fetch(sql, (wanted,))) for sql in (_CASES, _ENTRIES, _PARTIES, _DUTIES)
    )
    found: Rows = set()
    for case_id, unit_id, account, withheld, outstanding, *judgment in cases:
        if account not in ("no_conditions", "register") or withheld:
            continue
        taken_back = {row[3] for row in entries if row[0] == case_id}
        lost = [row for row in entries if row[0] == case_id and row[2] == "conditions_lost"]
        *_, decision = (row for row in lost if row[1] not in taken_back)
        wording = "; ".join(text for of, text in duties if of == case_id)
        for of, no, *person in parties:
            if of == case_id:
                key = str(UUID(md5(f"{case_id} {no}".encode(), usedforsecurity=False).hexdigest()))
                told = (decision[6], decision[4], wording, outstanding, decision[7], *_days(decision, calendar))
                found.add((key, case_id, unit_id, *person, *judgment, *told))
    return found


def _days(decision: tuple[Any, ...], calendar: Calendar) -> tuple[str, str | None]:
    """When the decision was published, and by when the law wanted it."""
    published_on = datetime.fromisoformat(decision[5]).astimezone(VIETNAM).date()
    decided_on = date.fromisoformat(decision[4])
    due_on = working_day_after(calendar, decided_on, 5) if decided_on >= LAW_SINCE else None
    return published_on.isoformat(), due_on.isoformat() if due_on else None
